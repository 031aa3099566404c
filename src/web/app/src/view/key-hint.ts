/** How an action's key reads on this computer. */

import type { Action } from "../actions/action";
import { preferred, shown } from "../model/keys";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The action's key for this computer, `Ctrl Shift P` or `⌘K`; empty without one. */
export function keyOf(action: Action): string {
  const combo = preferred([...(action.terminalKeys ?? []), ...action.keys], IS_MAC);
  return combo === null ? "" : shown(combo, IS_MAC);
}

/** The key in brackets, for a tooltip: ` (Ctrl Shift P)`. */
export function hint(action: Action): string {
  const key = keyOf(action);
  return key === "" ? "" : ` (${key})`;
}

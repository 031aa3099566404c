/** Every action, in the palette's order; how a key and a search find one. */

import { combination, type Pressed } from "../model/keys";
import type { Action } from "./action";
import type { App } from "./app";
import { muteBell, showBell } from "./bells";
import { askBeforeCopy } from "./clipboard-grant";
import { fontLarger, fontReset, fontSmaller, themeAuto, toggleTheme } from "./appearance";
import { copy, paste } from "./clipboard";
import { FILE_ACTIONS } from "./files/commands";
import { palette } from "./palette";
import { askBeforePaste } from "./paste-guard";
import { searchTerminal } from "./search";
import { openSettings } from "./site-settings";
import { fitEveryone, useMySize } from "./size";
import {
  focusTabs,
  goToEnd,
  goToTop,
  killTerminal,
  newTerminal,
  nextTerminal,
  previousTerminal,
  restartTerminal,
} from "./terminals";

/** Every action there is. */
export const ACTIONS: readonly Action[] = [
  newTerminal,
  nextTerminal,
  previousTerminal,
  killTerminal,
  restartTerminal,
  searchTerminal,
  goToTop,
  goToEnd,
  ...FILE_ACTIONS,
  copy,
  paste,
  useMySize,
  fitEveryone,
  fontLarger,
  fontSmaller,
  fontReset,
  toggleTheme,
  themeAuto,
  muteBell,
  showBell,
  askBeforePaste,
  askBeforeCopy,
  focusTabs,
  openSettings,
  palette,
];

/** The action that a key event stands for now; `null` leaves it to the terminal. */
export function actionFor(app: App, event: Pressed): Action | null {
  const combo = combination(event);
  const isInTerminal = app.workspace.current.value?.screen.hasFocus() ?? false;
  const found = ACTIONS.find(
    (action) =>
      (action.keys.includes(combo) || (isInTerminal && action.terminalKeys?.includes(combo))) && action.when(app),
  );
  return found && !found.isNative ? found : null;
}

/** The actions whose label or keywords hold every word typed, best first. */
export function search(actions: readonly Action[], text: string): Action[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (action: Action) => {
    const hay = `${action.label} ${action.keywords}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  };
  const rank = (action: Action) => (words.every((word) => action.label.toLowerCase().includes(word)) ? 0 : 1);
  return actions.filter(fits).sort((a, b) => rank(a) - rank(b));
}

/** Performs the actions of pressed keys, before the terminal sees them. */
export function listenForKeys(app: App): () => void {
  const listener = (event: KeyboardEvent) => {
    const action = actionFor(app, event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat || action.name.startsWith("font.")) void action.perform(app);
  };
  addEventListener("keydown", listener, { capture: true });
  return () => removeEventListener("keydown", listener, { capture: true });
}

/** Setting something for this browser alone. */

import type { Settings } from "../model/settings";
import type { App } from "./app";

/** Sets something here, whatever the site says. */
export function prefer(app: Pick<App, "own">, change: Partial<Settings>): void {
  app.own.value = { ...app.own.value, ...change };
}

/** Goes back to what the site says. */
export function preferNot(app: Pick<App, "own">, name: keyof Settings): void {
  const { [name]: _, ...rest } = app.own.value;
  app.own.value = rest;
}

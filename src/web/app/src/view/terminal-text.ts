/** A way for tests and tools to read what the selected terminal shows. */

import type { App } from "../actions/app";

declare global {
  interface Window {
    /** The visible text of the selected terminal; empty when there is none. */
    __cocalcPlusTerminalText?: () => string;
  }
}

/** Puts the reader on the window. */
export function exposeTerminalText(app: App): void {
  window.__cocalcPlusTerminalText = () => app.workspace.current.value?.screen.text() ?? "";
}

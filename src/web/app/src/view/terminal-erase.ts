/**
 * A guard against a fault of the emulator (xterm.js 6.0): to erase from the top
 * down to a cursor in the last column (`CSI 1 J`, `CSI ? 1 J`), it looks for the
 * line below. Where there is none it throws, and draws nothing from then on.
 */

import type { Terminal } from "@xterm/xterm";

/** The emulator's own erasing, for which it has no public door. */
interface Inner {
  _core?: {
    _inputHandler?: { eraseInDisplay?(params: { params: readonly number[] }, keepsProtected: boolean): boolean };
  };
}

const TO_CURSOR = 1;
const WHOLE_SCREEN = 2;

/** Erases the whole screen in exactly that case, which is the same thing. */
export function guardErase(terminal: Terminal): void {
  for (const prefix of ["", "?"]) {
    const id = prefix === "" ? { final: "J" } : { prefix, final: "J" };
    terminal.parser.registerCsiHandler(id, ([what]) => {
      const { cursorX, cursorY, length } = terminal.buffer.active;
      const hasLineBelow = cursorY + 1 < length;
      if (what !== TO_CURSOR || cursorX + 1 < terminal.cols || hasLineBelow) return false;
      const handler = (terminal as unknown as Inner)._core?._inputHandler;
      handler?.eraseInDisplay?.({ params: [WHOLE_SCREEN] }, prefix === "?");
      return true;
    });
  }
}

/**
 * How the emulator (xterm.js 6.0) erases its screen, where it does not do it as
 * the holder of the terminal does.
 *
 * - `CSI 2 J` drops what is on the screen. We keep it above the screen first, as
 *   the holder and tmux do. The option for that scrolls in place of erasing: a
 *   screen that a program clears in a colour would get that colour in few rows.
 * - To erase from the top down to a cursor in the last column (`CSI 1 J`,
 *   `CSI ? 1 J`), it looks for the line below. Where there is none it throws,
 *   and draws nothing from then on.
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

/** Keeps what `CSI 2 J` erases, and erases all where `CSI 1 J` would throw. */
export function guardErase(terminal: Terminal): void {
  const erase = (keepsProtected: boolean) => {
    const handler = (terminal as unknown as Inner)._core?._inputHandler;
    handler?.eraseInDisplay?.({ params: [WHOLE_SCREEN] }, keepsProtected);
  };
  terminal.parser.registerCsiHandler({ final: "J" }, ([what]) => {
    if (what === WHOLE_SCREEN && terminal.buffer.active.type === "normal") {
      terminal.options.scrollOnEraseInDisplay = true;
      erase(false);
      terminal.options.scrollOnEraseInDisplay = false;
    }
    // What is left, and the background, is erased by the emulator.
    return false;
  });
  for (const prefix of ["", "?"]) {
    const id = prefix === "" ? { final: "J" } : { prefix, final: "J" };
    terminal.parser.registerCsiHandler(id, ([what]) => {
      const { cursorX, cursorY, length } = terminal.buffer.active;
      const hasLineBelow = cursorY + 1 < length;
      if (what !== TO_CURSOR || cursorX + 1 < terminal.cols || hasLineBelow) return false;
      erase(prefix === "?");
      return true;
    });
  }
}

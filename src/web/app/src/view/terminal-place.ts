/**
 * Where the reader of a terminal is: told when it changes, and kept while the
 * terminal is drawn anew.
 */

import type { Terminal } from "@xterm/xterm";
import { placeAgain, type Place } from "../model/place";

/** Ends what came before wherever it was cut, resets, and draws nothing for now. */
const RESET_UNSEEN = new TextEncoder().encode("\x18\x1bc\x1b[?2026h");

/** The same, drawn at once. */
const RESET = new TextEncoder().encode("\x18\x1bc");

/** Follows the reader of one emulator. */
export class ReaderPlace {
  #terminal: Terminal;
  #told: (isReading: boolean) => void;
  #isReading = false;
  /** What was in view before the terminal began to be drawn anew. */
  #before: Place | null = null;
  /** How many lines further up the person wanted to go. */
  #wanted = 0;

  constructor(terminal: Terminal, told: (isReading: boolean) => void) {
    this.#terminal = terminal;
    this.#told = told;
    terminal.onScroll(() => this.#tell());
    terminal.buffer.onBufferChange(() => this.#tell());
  }

  /** Whether the top of the scrollback is in view; never while a program has the whole screen. */
  isAtTop(): boolean {
    const buffer = this.#terminal.buffer.active;
    return buffer.type === "normal" && buffer.viewportY === 0;
  }

  /** Adds to how far up the person goes when there is more to see. */
  wantFurtherUp(lines: number): void {
    this.#wanted = Math.min(this.#terminal.rows, this.#wanted + lines);
  }

  /** The person goes to the first line when there is more to see. */
  wantTop(): void {
    this.#wanted = Infinity;
  }

  /** Whoever types looks at the end. */
  wantNothing(): void {
    this.#wanted = 0;
  }

  /** Resets; `keepsView` remembers what is seen until `restore`. In the order of writes. */
  reset(keepsView: boolean): void {
    this.#terminal.write("", () => {
      // A terminal that is drawn anew a second time has not shown anything in between.
      if (keepsView) this.#before ??= this.#seen();
      else this.#before = null;
    });
    this.#terminal.write(keepsView ? RESET_UNSEEN : RESET, () => this.#tell());
  }

  /** Shows what was seen before, then calls `restored`. In the order of writes. */
  restore(restored: () => void): void {
    this.#terminal.write("", () => {
      const place = this.#before;
      this.#before = null;
      if (place && this.#terminal.buffer.active.type === "normal") this.#goTo(place);
      this.#wanted = 0;
      showNow(this.#terminal);
      this.#tell();
      restored();
    });
  }

  #goTo(place: Place): void {
    const buffer = this.#terminal.buffer.active;
    const at = (line: number) => buffer.getLine(line)?.translateToString(true) ?? "";
    const first = placeAgain(place, { count: buffer.length, rows: this.#terminal.rows, at });
    this.#terminal.scrollToLine(Math.max(0, first - this.#wanted));
  }

  #seen(): Place {
    const buffer = this.#terminal.buffer.active;
    if (buffer.type !== "normal") return { fromEnd: 0, lines: [] };
    const lines: string[] = [];
    for (let row = 0; row < this.#terminal.rows; row++) {
      lines.push(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "");
    }
    return { fromEnd: buffer.baseY - buffer.viewportY, lines };
  }

  #tell(): void {
    if (this.#before) return;
    const buffer = this.#terminal.buffer.active;
    const isReading = buffer.type === "normal" && buffer.viewportY < buffer.baseY;
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    this.#told(isReading);
  }
}

/**
 * Ends the mode in which nothing is drawn.
 *
 * Not by its sequence: a replay may end inside another one. The emulator has no
 * public door for it; should the private one vanish, the mode ends by itself
 * after a second.
 */
function showNow(terminal: Terminal): void {
  const inner = terminal as unknown as {
    _core?: { coreService?: { decPrivateModes?: { synchronizedOutput: boolean } } };
  };
  const modes = inner._core?.coreService?.decPrivateModes;
  if (modes) modes.synchronizedOutput = false;
  terminal.refresh(0, terminal.rows - 1);
}

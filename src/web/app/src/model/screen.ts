/** A terminal emulator, as the rest of the page sees it. */

/** Width and height in cells. */
export interface Size {
  cols: number;
  rows: number;
}

/** What draws a terminal; implemented by the view with xterm.js. */
export interface Screen {
  /**
   * Draws bytes and calls `drawn` after they have been parsed.
   *
   * While `isReplay`, the emulator's own answers to queries are dropped.
   */
  write(bytes: Uint8Array, isReplay: boolean, drawn: () => void): void;
  /** Resets everything, after all that was written before. */
  clear(): void;
  /** The present size. */
  size(): Size;
  /** Takes the keyboard. */
  focus(): void;
  /** The selected text, empty when there is none. */
  selection(): string;
  /** Types text as a paste. */
  paste(text: string): void;
  /** Whether the cursor stands in the upper half. */
  isCursorHigh(): boolean;
  /** The visible text, trailing blanks cut. */
  text(): string;
}

/** What a screen tells its owner. */
export interface ScreenEvents {
  typed(bytes: Uint8Array): void;
  resized(size: Size): void;
  titled(title: string): void;
}

/** A terminal emulator, as the rest of the page sees it. */

import type { View } from "./frames";

/** Width and height in cells. */
export interface Size {
  cols: number;
  rows: number;
}

/** The size of what is not visible: it does not count. */
export const NOT_VISIBLE: Size = { cols: 0, rows: 0 };

/** Whether two sizes are the same. */
export function isSameSize(one: Size, other: Size): boolean {
  return one.cols === other.cols && one.rows === other.rows;
}

/** What is looked for in a terminal. */
export interface Query {
  text: string;
  isCaseSensitive: boolean;
  isRegex: boolean;
}

/** Where a search stands: the match that is shown, of how many; -1 for unknown. */
export interface Found {
  index: number;
  count: number;
}

/** Which match is wanted; `typed` may stay where it is while it still fits. */
export type SearchStep = "typed" | "older" | "newer";

/**
 * What draws a terminal; implemented by the view with xterm.js.
 *
 * `write`, `clear`, `restore`, `follow` and `end` take effect in the order of their
 * calls, each after all that was written before has been parsed.
 */
export interface Screen {
  /**
   * Draws bytes and calls `drawn` after they have been parsed.
   *
   * While `isReplay`, nothing that they ask of the page or the emulator is done.
   */
  write(bytes: Uint8Array, isReplay: boolean, drawn: () => void): void;
  /** Resets everything; `keepsView` remembers what is seen until `restore`. */
  clear(keepsView: boolean): void;
  /** Shows again what was seen before `clear`, then calls `restored`. */
  restore(restored: () => void): void;
  /** Takes the size that the holder has set, and whether this page answers. */
  follow(view: View): void;
  /** Takes the size of its place at once, and answers (version 1). */
  fill(): void;
  /** Nothing more comes: fits its place from here on, and shows the last rows. */
  end(): void;
  /** The present size. */
  size(): Size;
  /** The size that would fill its place; `NOT_VISIBLE` when it is not. */
  wish(): Size;
  /** Says whether something lies over it; it is then not visible. */
  cover(isCovered: boolean): void;
  /** Takes the keyboard. */
  focus(): void;
  /** Whether it has the keyboard. */
  hasFocus(): boolean;
  /** The selected text, empty when there is none. */
  selection(): string;
  /** Types text as a paste, after `ScreenEvents.holdsPaste` let it pass. */
  paste(text: string): void;
  /** Types text as a paste at once. */
  pasteNow(text: string): void;
  /** Whether there is more than a screen of it: no program has the whole screen. */
  isScrollable(): boolean;
  /** Goes to the oldest output, which is fetched first if it is not here. */
  toTop(): void;
  /** Goes to the end of the output. */
  toEnd(): void;
  /** Shows a match; throws `SyntaxError` for a wrong pattern. */
  find(query: Query, step: SearchStep): Promise<void>;
  /** Takes the marks of a search away. */
  endFind(): void;
  /** Whether the cursor stands in the upper half. */
  isCursorHigh(): boolean;
  /** The visible text, trailing blanks cut. */
  text(): string;
}

/** What a screen tells its owner. */
export interface ScreenEvents {
  typed(bytes: Uint8Array): void;
  /** The size that would fill its place is another one. */
  wished(size: Size): void;
  titled(title: string): void;
  /** The person has scrolled up, or is back at the end. */
  reading(isReading: boolean): void;
  /** The person wants to see more than the scrollback holds; whether more comes. */
  reachedTop(): boolean;
  /** The bell, unless in a replay. */
  rang(): void;
  /** The address under the pointer; `null` when there is none any more. */
  pointed(link: { uri: string; isLow: boolean } | null): void;
  /** A program wants this on the clipboard. */
  copies(text: string): void;
  /** A program wants this file shown. */
  opens(path: string): void;
  /** Whether the owner keeps a paste, to ask first. */
  holdsPaste(text: string, isBracketed: boolean): boolean;
  /** A search stands elsewhere. */
  found(found: Found): void;
}

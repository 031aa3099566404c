/** What a person can do, each as one object that button, key and palette share. */

import type { App } from "./app";

/** One thing to do. */
export interface Action {
  /** A stable name: `terminal.new`. */
  name: string;
  /** What the palette and tooltips say. */
  label: string;
  /** Other words under which the palette finds it. */
  keywords: string;
  /** Key combinations, in the spelling of `model/keys.ts`. */
  keys: readonly string[];
  /**
   * More of them that count only while a terminal has the keyboard: elsewhere
   * the browser does something useful on them.
   */
  terminalKeys?: readonly string[];
  /** The browser does it on that key by itself; `perform` is for the palette. */
  isNative?: true;
  /** Holds only while a file is in front, so its key may be one that shells use. */
  front?: "file";
  /** The palette does not list it. */
  isUnlisted?: true;
  /** Whether it makes sense now. */
  when(app: App): boolean;
  /** Does it. */
  perform(app: App): void | Promise<void>;
}

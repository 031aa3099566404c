/**
 * Images in a terminal, whose addon is fetched when the first one comes.
 *
 * Everything for the emulator passes here in order. What belongs after an
 * image waits while the addon is fetched, and so does the image itself.
 */

import type { Terminal } from "@xterm/xterm";
import { lookForImage } from "../model/images";

const NOTHING = new Uint8Array();

/** Images kept for each terminal, in megabytes. */
const STORAGE_MB = 64;

/** The longest wait for the decoder of sixel, and how often it is looked at, in milliseconds. */
const DECODER_MS = 1000;
const DECODER_STEP_MS = 5;

/** What programs are told that ask for the terminal's attributes: 4 is sixel. */
const ATTRIBUTES = "\x1b[?62;4;9;22c";

/** The shortest WebAssembly: `\0asm` and a version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Lets output pass to one emulator. */
export class ImageGate {
  #terminal: Terminal;
  #isOpen = false;
  /** The possible beginning of an image, which waits for what follows. */
  #beginning = NOTHING;
  #waiting: (() => void)[] | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    // Programs ask before they send an image, and the addon is not there yet.
    terminal.parser.registerCsiHandler({ final: "c" }, (params) => {
      if (!params[0]) terminal.input(ATTRIBUTES, false);
      return true;
    });
  }

  /** Does something after all that came before. */
  run(act: () => void): void {
    if (this.#waiting) this.#waiting.push(act);
    else act();
  }

  /** Feeds bytes, all but what may begin an image. */
  pass(bytes: Uint8Array, feed: (bytes: Uint8Array) => void): void {
    this.run(() => {
      if (this.#isOpen) return feed(bytes);
      const all = join(this.#beginning, bytes);
      const found = lookForImage(all);
      const end = found === "found" ? 0 : all.length - found;
      this.#beginning = found === "found" ? NOTHING : all.slice(end);
      if (found !== "found") return feed(all.subarray(0, end));
      this.#waiting = [() => feed(all)];
      void this.#open();
    });
  }

  /** Forgets a beginning: what follows is another output. */
  forget(): void {
    this.#beginning = NOTHING;
  }

  async #open(): Promise<void> {
    try {
      // Where that is forbidden, the addon would throw in the middle of an
      // image, and the emulator would never go on.
      new WebAssembly.Module(EMPTY_MODULE);
      const { ImageAddon } = await import("@xterm/addon-image");
      const addon = new ImageAddon({ storageLimit: STORAGE_MB });
      if (this.#terminal.element) this.#terminal.loadAddon(addon);
      await decoderOf(addon);
    } catch {
      // Without the chunk, or without WebAssembly, there are no images; the text goes on.
    }
    this.#isOpen = true;
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const act of waiting) act();
  }
}

/**
 * Waits until sixel can be decoded, because an image that comes earlier is
 * dropped. The addon does not tell; should its insides change, the wait ends
 * at its limit, and the first image may be lost.
 */
async function decoderOf(addon: object): Promise<void> {
  const handlers = (addon as { _handlers?: Map<string, { _dec?: unknown }> })._handlers;
  for (let waited = 0; waited < DECODER_MS && !handlers?.get("sixel")?._dec; waited += DECODER_STEP_MS) {
    await new Promise((resolve) => setTimeout(resolve, DECODER_STEP_MS));
  }
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.length === 0) return tail;
  const both = new Uint8Array(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return both;
}

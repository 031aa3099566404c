/**
 * The terminal emulator: xterm.js behind `model/screen.ts`.
 *
 * A chunk of its own, loaded while the page connects. Drawn by WebGL where
 * that is real hardware; everywhere else, and after the GPU was lost, by DOM.
 */

import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { isReply } from "../model/replies";
import type { Screen, ScreenEvents, Size } from "../model/screen";
import { TERMINAL_COLORS } from "./terminal-colors";

const FONTS = 'ui-monospace, "SF Mono", SFMono-Regular, Menlo, "Cascadia Mono", Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';

/** Lines that scroll out of the screen and are kept by the page. */
const SCROLLBACK_LINES = 10_000;

/** How a screen looks. */
export interface Looks {
  isDark: boolean;
  fontSize: number;
}

/** One xterm.js terminal in a host element. */
export class XtermScreen implements Screen {
  #terminal: Terminal;
  #fit = new FitAddon();
  #host: HTMLElement;
  #observer: ResizeObserver;
  /** Replay chunks being parsed; answers to queries are dropped meanwhile. */
  #replaying = 0;

  constructor(host: HTMLElement, looks: Looks, events: ScreenEvents) {
    this.#host = host;
    this.#terminal = new Terminal(options(looks));
    const encoder = new TextEncoder();
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.loadAddon(new WebLinksAddon((_event, uri) => openOutside(uri)));
    this.#terminal.unicode.activeVersion = "11";
    this.#terminal.open(host);
    this.fit();
    this.#terminal.onData((text) => {
      if (this.#replaying > 0 && isReply(text)) return;
      events.typed(encoder.encode(text));
    });
    this.#terminal.onBinary((text) => events.typed(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#terminal.onResize((size) => events.resized(size));
    this.#terminal.onTitleChange((title) => events.titled(title));
    this.#observer = new ResizeObserver(() => this.fit());
    this.#observer.observe(host);
    void this.#useWebgl();
  }

  write(bytes: Uint8Array, isReplay: boolean, drawn: () => void): void {
    if (isReplay) this.#terminal.write("", () => this.#replaying++);
    this.#terminal.write(bytes, () => {
      if (isReplay) this.#replaying--;
      drawn();
    });
  }

  clear(): void {
    this.#terminal.write("", () => this.#terminal.reset());
  }

  size(): Size {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  focus(): void {
    this.#terminal.focus();
  }

  selection(): string {
    return this.#terminal.getSelection();
  }

  paste(text: string): void {
    this.#terminal.paste(text);
  }

  isCursorHigh(): boolean {
    return this.#terminal.buffer.active.cursorY < this.#terminal.rows / 2;
  }

  text(): string {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < this.#terminal.rows; row++) {
      lines.push(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "");
    }
    return lines.join("\n").trimEnd();
  }

  /** Fills the host; does nothing while the host is hidden. */
  fit(): void {
    if (this.#host.clientWidth > 0 && this.#host.clientHeight > 0) this.#fit.fit();
  }

  /** Changes the looks. */
  look({ isDark, fontSize }: Looks): void {
    this.#terminal.options.theme = TERMINAL_COLORS[isDark ? "dark" : "light"];
    this.#terminal.options.fontSize = fontSize;
    this.fit();
  }

  /** Removes it from the page. */
  dispose(): void {
    this.#observer.disconnect();
    this.#terminal.dispose();
  }

  async #useWebgl(): Promise<void> {
    if (!hasRealGpu()) return;
    const { WebglAddon } = await import("@xterm/addon-webgl");
    if (!this.#terminal.element) return;
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    try {
      this.#terminal.loadAddon(webgl);
    } catch {
      webgl.dispose();
    }
  }
}

/** The size that a terminal filling `host` would have. */
export function sizeFor(host: HTMLElement, looks: Looks): Size {
  const terminal = new Terminal(options(looks));
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(host);
  const size = fit.proposeDimensions();
  terminal.dispose();
  return { cols: Math.min(1000, size?.cols || 80), rows: Math.min(1000, size?.rows || 24) };
}

function options({ isDark, fontSize }: Looks) {
  return {
    allowProposedApi: true,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    fontFamily: FONTS,
    fontSize,
    lineHeight: 1.15,
    linkHandler: { activate: (_event: MouseEvent, uri: string) => openOutside(uri) },
    scrollback: SCROLLBACK_LINES,
    theme: TERMINAL_COLORS[isDark ? "dark" : "light"],
  };
}

function openOutside(uri: string): void {
  if (/^https?:/i.test(uri)) window.open(uri, "_blank", "noopener,noreferrer");
}

/** A GPU drawn in software is slower than DOM, and Chromium complains of it. */
function hasRealGpu(): boolean {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!context) return false;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(info ? context.getParameter(info.UNMASKED_RENDERER_WEBGL) : "");
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(renderer);
}

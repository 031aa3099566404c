/**
 * The terminal emulator: xterm.js behind `model/screen.ts`.
 *
 * A chunk of its own, loaded while the page connects. Drawn by WebGL where
 * that is real hardware; everywhere else, and after the GPU was lost, by DOM.
 */

import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import type { App } from "../actions/app";
import { Disposers } from "../model/disposers";
import type { View } from "../model/frames";
import { parseCopy, parseOpen } from "../model/osc";
import { pasteText } from "../model/paste";
import { isReply } from "../model/replies";
import { NOT_VISIBLE, isSameSize } from "../model/screen";
import type { Cursor } from "../model/settings";
import type { Query, Screen, ScreenEvents, SearchStep, Size } from "../model/screen";
import { TERMINAL_COLORS } from "./terminal-colors";
import { guardErase } from "./terminal-erase";
import { ImageGate } from "./terminal-images";
import { declaredLinks, writtenLinks } from "./terminal-links";
import { ReaderPlace } from "./terminal-place";
import { TerminalSearch } from "./terminal-search";

const FONTS = 'ui-monospace, "SF Mono", SFMono-Regular, Menlo, "Cascadia Mono", Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';

/** Lines that scroll out of the screen and are kept by the page. */
const SCROLLBACK_LINES = 10_000;

/** The largest width and height of a new terminal. */
const MOST_CELLS = 1000;

/** How many lines a turn of the wheel past the top asks for. */
const WHEEL_LINES = 3;

/** How a screen looks. */
export interface Looks {
  isDark: boolean;
  fontSize: number;
  cursor: Cursor;
}

/** How terminals look now. */
export function looksOf(app: App): Looks {
  const { fontSize, cursor } = app.settings.value;
  return { isDark: app.isDark.value, fontSize, cursor };
}

/** One xterm.js terminal in a host element. */
export class XtermScreen implements Screen {
  #terminal: Terminal;
  #events: ScreenEvents;
  #fit = new FitAddon();
  #host: HTMLElement;
  #disposers = new Disposers();
  #images: ImageGate;
  #place: ReaderPlace;
  #search: TerminalSearch;
  #looks: Looks;
  #wish = NOT_VISIBLE;
  /** Replay chunks being parsed; nothing that they ask is done meanwhile. */
  #replaying = 0;
  /** Whether this emulator answers what programs ask. */
  #leads = true;
  /** Whether this page does what programs ask of a page. */
  #acts = true;
  #isCovered = false;
  /** Whether nothing more comes, and nobody else sets the size. */
  #isOver = false;
  #askedForGpu = false;
  /** What the key that is being pressed types; never an answer. */
  #key: string | null = null;

  constructor(host: HTMLElement, looks: Looks, events: ScreenEvents) {
    this.#host = host;
    this.#looks = looks;
    this.#events = events;
    const pointed = (uri: string | null, event?: MouseEvent) =>
      events.pointed(uri === null ? null : { uri, isLow: this.#isLow(event) });
    this.#terminal = new Terminal({ ...options(looks), linkHandler: declaredLinks(pointed) });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.loadAddon(writtenLinks(pointed));
    this.#terminal.unicode.activeVersion = "11";
    this.#terminal.open(host);
    guardErase(this.#terminal);
    this.#images = new ImageGate(this.#terminal);
    this.#place = new ReaderPlace(this.#terminal, (isReading) => events.reading(isReading));
    this.#search = new TerminalSearch(this.#terminal, (found) => events.found(found));
    this.#wish = this.#measure();
    this.fill();
    this.#listenToEmulator();
    this.#listenToPerson();
    this.#listenToWindow();
  }

  write(bytes: Uint8Array, isReplay: boolean, drawn: () => void): void {
    this.#images.run(() => {
      if (isReplay) this.#terminal.write("", () => this.#replaying++);
    });
    this.#images.pass(bytes, (passed) =>
      this.#terminal.write(passed, () => {
        if (isReplay) this.#replaying--;
        drawn();
        void this.#useWebgl();
      }),
    );
  }

  clear(keepsView: boolean): void {
    this.#images.run(() => {
      this.#images.forget();
      this.#place.reset(keepsView);
    });
  }

  restore(restored: () => void): void {
    this.#images.run(() => this.#place.restore(restored));
  }

  follow(view: View): void {
    this.#images.run(() => this.#terminal.write("", () => this.#follow(view)));
  }

  fill(): void {
    this.#leads = this.#acts = true;
    if (!isSameSize(this.#wish, NOT_VISIBLE)) this.#resize(this.#wish);
  }

  end(): void {
    this.#images.run(() =>
      this.#terminal.write("", () => {
        this.#isOver = true;
        // Rows below the cursor count as empty to the emulator: it drops them first.
        this.#terminal.write(`\x1b[?6l\x1b[${this.#lastRow() + 1}H`, () => this.#resize(this.#wish));
      }),
    );
  }

  size(): Size {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  wish(): Size {
    return this.#wish;
  }

  cover(isCovered: boolean): void {
    this.#isCovered = isCovered;
    this.#wishAgain();
  }

  focus(): void {
    this.#terminal.focus();
  }

  hasFocus(): boolean {
    return this.#host.contains(document.activeElement);
  }

  selection(): string {
    return this.#terminal.getSelection();
  }

  paste(text: string): void {
    if (!this.#events.holdsPaste(text, this.#terminal.modes.bracketedPasteMode)) this.pasteNow(text);
  }

  pasteNow(text: string): void {
    this.#terminal.paste(pasteText(text, this.#terminal.modes.bracketedPasteMode));
  }

  isScrollable(): boolean {
    return this.#terminal.buffer.active.type === "normal";
  }

  toTop(): void {
    this.#terminal.scrollToTop();
    if (this.#events.reachedTop()) this.#place.wantTop();
  }

  toEnd(): void {
    this.#place.wantNothing();
    this.#terminal.scrollToBottom();
  }

  find(query: Query, step: SearchStep): Promise<void> {
    return this.#search.find(query, step, this.#looks.isDark);
  }

  endFind(): void {
    this.#terminal.clearSelection();
    void this.#search.end();
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

  /** Changes the looks. */
  look(looks: Looks): void {
    this.#looks = looks;
    this.#terminal.options.theme = TERMINAL_COLORS[looks.isDark ? "dark" : "light"];
    this.#terminal.options.fontSize = looks.fontSize;
    this.#terminal.options.cursorStyle = looks.cursor;
    this.#wishAgain();
  }

  /** Removes it from the page. */
  dispose(): void {
    this.#disposers.dispose();
    this.#terminal.dispose();
  }

  #follow(view: View): void {
    this.#leads = view.leads;
    // A page that is hidden leads nothing, but it may be the only one.
    this.#acts = view.leads || view.clients <= 1;
    this.#resize(view);
    this.#keepCursorSeen();
  }

  /** Of a terminal that is larger than its place, shows the part with the cursor. */
  #keepCursorSeen(): void {
    if (this.#wish.rows === 0 || this.#terminal.rows <= this.#wish.rows) return;
    const screen = this.#host.querySelector(".xterm-screen");
    const cell = (screen?.clientHeight ?? 0) / this.#terminal.rows;
    const top = this.#terminal.buffer.active.cursorY * cell;
    const { scrollTop, clientHeight } = this.#host;
    if (top < scrollTop) this.#host.scrollTop = top;
    else if (top + cell > scrollTop + clientHeight) this.#host.scrollTop = top + cell - clientHeight;
  }

  /** The last row that shows something, or has the cursor. */
  #lastRow(): number {
    const buffer = this.#terminal.buffer.active;
    let row = this.#terminal.rows - 1;
    while (row > buffer.cursorY && !buffer.getLine(buffer.baseY + row)?.translateToString(true)) row--;
    return row;
  }

  #resize({ cols, rows }: Size): void {
    if (cols > 0 && rows > 0 && !isSameSize({ cols, rows }, this.size())) this.#terminal.resize(cols, rows);
  }

  #listenToEmulator(): void {
    const encoder = new TextEncoder();
    const terminal = this.#terminal;
    terminal.onKey(({ key }) => (this.#key = key));
    terminal.onData((text) => {
      const isKey = text === this.#key;
      this.#key = null;
      if (!isKey && isReply(text) && (this.#replaying > 0 || !this.#leads)) return;
      if (isKey) this.#place.wantNothing();
      this.#events.typed(encoder.encode(text));
    });
    terminal.onBinary((text) => this.#events.typed(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    terminal.onTitleChange((title) => this.#events.titled(title));
    terminal.onCursorMove(() => this.#keepCursorSeen());
    terminal.onBell(() => {
      if (this.#replaying === 0) this.#events.rang();
    });
    const events = this.#events;
    terminal.parser.registerOscHandler(52, (body) => this.#asked(parseCopy(body), (text) => events.copies(text)));
    terminal.parser.registerOscHandler(7337, (body) => this.#asked(parseOpen(body), (path) => events.opens(path)));
  }

  #asked(what: string | null, act: (what: string) => void): boolean {
    if (what !== null && this.#replaying === 0 && this.#acts) act(what);
    return true;
  }

  #listenToPerson(): void {
    const listen = <K extends keyof HTMLElementEventMap>(name: K, heard: (event: HTMLElementEventMap[K]) => void) => {
      this.#host.addEventListener(name, heard, { capture: true, passive: name !== "paste" });
      this.#disposers.add(() => this.#host.removeEventListener(name, heard, { capture: true }));
    };
    listen("paste", (event) => {
      const text = event.clipboardData?.getData("text/plain") ?? "";
      event.preventDefault();
      event.stopPropagation();
      if (text !== "") this.paste(text);
    });
    listen("wheel", (event) => {
      const isProgrammes = this.#terminal.modes.mouseTrackingMode !== "none";
      if (event.deltaY < 0 && !isProgrammes) this.#wentUp(WHEEL_LINES);
    });
    listen("keydown", (event) => {
      const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
      if (isPlain && event.shiftKey && event.key === "PageUp") this.#wentUp(this.#terminal.rows - 1);
    });
    // The scrollbar: the emulator scrolls while the pointer is down.
    listen("pointermove", (event) => {
      if (event.buttons === 1 && (event.target as HTMLElement).closest(".scrollbar")) this.#wentUp(0);
    });
    listen("touchmove", () => this.#wentUp(0));
    // Beside a terminal that is smaller than its place.
    listen("pointerdown", (event) => {
      if (event.target === this.#host) requestAnimationFrame(() => this.focus());
    });
  }

  /** Says that the person wants to see more, if there is nothing more to see. */
  #wentUp(lines: number): void {
    if (this.#place.isAtTop() && this.#events.reachedTop()) this.#place.wantFurtherUp(lines);
  }

  #listenToWindow(): void {
    const observer = new ResizeObserver(() => this.#wishAgain());
    observer.observe(this.#host);
    this.#disposers.add(() => observer.disconnect());
    const seen = () => this.#wishAgain();
    document.addEventListener("visibilitychange", seen);
    this.#disposers.add(() => document.removeEventListener("visibilitychange", seen));
  }

  #wishAgain(): void {
    const wish = this.#measure();
    if (isSameSize(wish, this.#wish)) return;
    this.#wish = wish;
    if (this.#isOver) this.#resize(wish);
    this.#events.wished(wish);
  }

  #measure(): Size {
    const isSeen = !document.hidden && !this.#isCovered && this.#host.clientWidth > 0 && this.#host.clientHeight > 0;
    return (isSeen && proposed(this.#fit)) || NOT_VISIBLE;
  }

  #isLow(event: MouseEvent | undefined): boolean {
    const { bottom, height } = this.#host.getBoundingClientRect();
    return event !== undefined && bottom - event.clientY < height / 2;
  }

  /** Draws by WebGL from now on, where that is worth it; what came first is drawn by DOM. */
  async #useWebgl(): Promise<void> {
    if (this.#askedForGpu) return;
    this.#askedForGpu = true;
    if (!(await whetherRealGpu())) return;
    const { WebglAddon } = await import("@xterm/addon-webgl");
    if (!this.#terminal.element) return;
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => {
      webgl.dispose();
      this.#terminal.options.cursorBlink = false;
    });
    try {
      this.#terminal.loadAddon(webgl);
      this.#terminal.options.cursorBlink = !matchMedia("(prefers-reduced-motion: reduce)").matches;
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
  const size = proposed(fit);
  terminal.dispose();
  return size ?? { cols: 80, rows: 24 };
}

function proposed(fit: FitAddon): Size | null {
  const size = fit.proposeDimensions();
  if (!size || !size.cols || !size.rows) return null;
  return { cols: Math.min(MOST_CELLS, size.cols), rows: Math.min(MOST_CELLS, size.rows) };
}

function options({ isDark, fontSize, cursor }: Looks) {
  return {
    allowProposedApi: true,
    // A blinking cursor drawn by DOM always has a frame pending, behind which
    // Chromium holds back what follows a key: 27 ms until it is drawn, not 7.
    cursorBlink: false,
    cursorStyle: cursor,
    fontFamily: FONTS,
    fontSize,
    lineHeight: 1.15,
    scrollback: SCROLLBACK_LINES,
    theme: TERMINAL_COLORS[isDark ? "dark" : "light"],
    // Programs that draw images ask how large a cell is.
    windowOptions: { getWinSizePixels: true, getCellSizePixels: true, getWinSizeChars: true },
  };
}

let isGpuReal: Promise<boolean> | undefined;

/** Whether a GPU draws. Asked once, and after what waits is drawn: the page stands still for up to 300 ms. */
function whetherRealGpu(): Promise<boolean> {
  const whenIdle = window.requestIdleCallback ?? setTimeout;
  isGpuReal ??= new Promise((resolve) =>
    requestAnimationFrame(() => whenIdle(() => resolve(hasRealGpu()))),
  );
  return isGpuReal;
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

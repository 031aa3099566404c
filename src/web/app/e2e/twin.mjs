/**
 * Compares redrawn screens with a twin that was never disconnected.
 *
 * Lines of JSON on stdin, bytes in base64; one report on stdout at the end:
 *
 * | line | means |
 * | --- | --- |
 * | `{"size":[COLS,ROWS],"redraw":B}` | the twin gets a new size and is drawn again |
 * | `{"output":B}` | the twin is sent live output |
 * | `{"resize":[COLS,ROWS]}` | the twin gets a new size, and goes on with what it shows |
 * | `{"check":NAME,"redraw":B,"rest":B}` | a fresh emulator that gets this must equal the twin |
 * | the same with `"above":true` | also above the screen, as far as both have rows there |
 * | the same with `"answers":B` | this is what the twin has answered so far |
 *
 * `{"checks":N,"cells":N,"above":N,"differences":[TEXT…],"unseen":N}`: `above`
 * counts rows above the screen that were compared, `unseen`
 * blanks that differ in what no blank shows (a foreground, bold, written or not).
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import unicode11 from "@xterm/addon-unicode11";
import headless from "@xterm/headless";
import { transformWithOxc } from "vite";

const MAX_DIFFERENCES = 40;

const report = { checks: 0, cells: 0, above: 0, differences: [], unseen: 0 };
let twin = null;
let answers = "";
let size = [80, 24];

/** What the page changes about its emulator. */
async function pageModule(path) {
  const { code } = await transformWithOxc(readFileSync(new URL(path, import.meta.url), "utf8"), path);
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

const { guardErase } = await pageModule("../src/view/terminal-erase.ts");

function fresh() {
  const terminal = new headless.Terminal({
    cols: size[0],
    rows: size[1],
    scrollback: 10_000,
    allowProposedApi: true,
  });
  terminal.loadAddon(new unicode11.Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  guardErase(terminal);
  return terminal;
}

function write(terminal, base64) {
  return new Promise((drawn) => terminal.write(Buffer.from(base64, "base64"), drawn));
}

/** What a cell shows; it knows more than its public type says. */
function look(core, line, x) {
  const cell = line.getCell(x);
  return { text: cell.getChars(), width: cell.getWidth(), ...attributes(core, cell) };
}

function attributes(core, cell) {
  const { extended } = cell;
  const isUnderlined = Boolean(cell.isUnderline()) && cell.getUnderlineStyle() !== 0;
  // Without a colour of its own a line has the text's.
  const hasLineColor = isUnderlined && cell.hasExtendedAttrs() && !cell.isUnderlineColorDefault();
  const urlId = cell.hasExtendedAttrs() ? extended.urlId : 0;
  const link = urlId ? core._oscLinkService.getLinkData(urlId) : { uri: "" };
  return {
    foreground: `${cell.getFgColorMode()}:${cell.getFgColor()}`,
    background: `${cell.getBgColorMode()}:${cell.getBgColor()}`,
    bold: Boolean(cell.isBold()),
    dim: Boolean(cell.isDim()),
    italic: Boolean(cell.isItalic()),
    blink: Boolean(cell.isBlink()),
    inverse: Boolean(cell.isInverse()),
    hidden: Boolean(cell.isInvisible()),
    strike: Boolean(cell.isStrikethrough()),
    overline: Boolean(cell.isOverline()),
    underline: isUnderlined ? cell.getUnderlineStyle() : 0,
    underlineColor: hasLineColor ? `${cell.getUnderlineColorMode()}:${cell.getUnderlineColor()}` : "",
    // The emulator forgets a link whose line was erased, though a copy is there.
    link: link ? link.uri : null,
  };
}

const UNSEEN_ON_BLANKS = new Set(["text", "width", "foreground", "bold", "dim", "italic", "blink", "hidden", "link"]);

function differences(a, b) {
  return Object.keys(a).filter((key) => a[key] !== b[key] && !(key === "link" && (a[key] === null || b[key] === null)));
}

function compare(check, hasAbove, redrawn) {
  const say = (text) => report.differences.length < MAX_DIFFERENCES && report.differences.push(`${check}: ${text}`);
  const [a, b] = [twin._core, redrawn._core];
  const kinds = [twin.buffer.active.type, redrawn.buffer.active.type];
  if (kinds[0] !== kinds[1]) say(`screen ${kinds}`);
  for (const screen of ["normal", "alt"]) {
    if (screen === "alt" && kinds[0] !== "alternate") continue;
    const [left, right] = [a, b].map((core) => core._bufferService.buffers[screen]);
    const rowsAbove = hasAbove && screen === "normal" ? Math.min(left.ybase, right.ybase) : 0;
    report.above += rowsAbove;
    for (let y = -rowsAbove; y < size[1]; y++) {
      const lines = [twin, redrawn].map((terminal) => {
        const buffer = terminal.buffer[screen === "alt" ? "alternate" : "normal"];
        return buffer.getLine(buffer.baseY + y);
      });
      for (let x = 0; x < size[0]; x++) {
        report.cells++;
        const cells = [look(a, lines[0], x), look(b, lines[1], x)];
        const found = differences(cells[0], cells[1]);
        if (found.length === 0) continue;
        const isEmpty = cells.every((cell) => cell.text.trim() === "");
        const isBlank = isEmpty && cells.every((cell) => !cell.inverse && !cell.underline);
        if (isEmpty && found.every((key) => key === "text" || key === "width")) report.unseen++;
        else if (isBlank && found.every((key) => UNSEEN_ON_BLANKS.has(key))) report.unseen++;
        else say(`${screen} ${y},${x} ${found.map((key) => `${key} ${JSON.stringify([cells[0][key], cells[1][key]])}`).join(" ")}`);
      }
    }
    const state = (core, buffer) => ({
      // The screen that is not shown gets its cursor from the other one.
      cursor: buffer === core._bufferService.buffer ? `${buffer.x},${buffer.y}` : "",
      margins: `${buffer.scrollTop},${buffer.scrollBottom}`,
      tabs: Object.keys(buffer.tabs).filter((tab) => buffer.tabs[tab] && tab < size[0]).join(),
      saved: `${Math.min(buffer.savedX, size[0] - 1)},${Math.min(Math.max(buffer.savedY - buffer.ybase, 0), size[1] - 1)}`,
      savedCharset: JSON.stringify(buffer.savedCharset ?? null),
      ...savedAttributes(core, buffer),
    });
    for (const key of differences(state(a, left), state(b, right))) {
      say(`${screen} ${key} ${state(a, left)[key]} / ${state(b, right)[key]}`);
    }
  }
  const modes = (terminal, core) => ({
    ...terminal.modes,
    cursorHidden: core.coreService.isCursorHidden,
    mouseEncoding: core.coreMouseService.activeEncoding,
    cursorStyle: core.coreService.decPrivateModes.cursorStyle,
    cursorBlink: core.coreService.decPrivateModes.cursorBlink,
    synchronizedOutputMode: false,
    convertEol: terminal.options.convertEol,
    charset: JSON.stringify(core._charsetService.charset ?? null),
    ...charsets(core),
    title: core._inputHandler._windowTitle,
    ...attributes(core, core._inputHandler._curAttrData),
    isProtected: Boolean(core._inputHandler._curAttrData.isProtected()),
  });
  for (const key of differences(modes(twin, a), modes(redrawn, b))) {
    say(`mode ${key} ${JSON.stringify([modes(twin, a)[key], modes(redrawn, b)[key]])}`);
  }
}

/** What `ESC 7` saved of the style; lines and links are not saved. */
function savedAttributes(core, buffer) {
  const { underlineColor, link, underline, ...saved } = attributes(core, buffer.savedCurAttrData);
  return Object.fromEntries(Object.entries(saved).map(([key, value]) => [`saved ${key}`, value]));
}

/** The charsets that may come into use. */
function charsets(core) {
  const { _charsets, glevel } = core._charsetService;
  return Object.fromEntries([0, 1, 2, 3].filter((level) => level !== glevel).map((level) => [`charset ${level}`, JSON.stringify(_charsets[level] ?? null)]));
}

for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  if (event.size) {
    size = event.size;
    twin = fresh();
    answers = "";
    twin.onData((data) => (answers += data));
    await write(twin, event.redraw);
  } else if (event.resize) {
    size = event.resize;
    twin.resize(...size);
  } else if (event.output) {
    await write(twin, event.output);
  } else {
    const redrawn = fresh();
    await write(redrawn, event.redraw);
    await write(redrawn, event.rest);
    report.checks++;
    compare(event.check, event.above ?? false, redrawn);
    const said = Buffer.from(event.answers ?? "", "base64").toString();
    if (event.answers !== undefined && said !== answers && report.differences.length < MAX_DIFFERENCES) {
      report.differences.push(`${event.check}: answers ${JSON.stringify([answers, said])}`);
    }
    redrawn.dispose();
  }
}
console.log(JSON.stringify(report));

/**
 * A page that a test drives line by line: `node e2e/watch.mjs URL [WIDTH HEIGHT]`.
 *
 * Each line on stdin is a command; each answer is one line on stdout, `ok …`
 * or `error …`, in order. Text in answers is JSON. The end of stdin, or
 * `quit`, closes the browser. The first line says `ok open` when the page was
 * loaded.
 *
 * | command | does |
 * | --- | --- |
 * | `type TEXT` | types TEXT and Enter; `keys TEXT` leaves Enter out |
 * | `paste COUNT TEXT` | pastes TEXT COUNT times over, at once |
 * | `press KEY` | presses a key as Playwright names it: `Control+C` |
 * | `wait-text TEXT` | waits until the terminal shows TEXT |
 * | `wait-line START` | waits until a line of the terminal starts with START |
 * | `wait-no-text TEXT` | waits until it no longer does |
 * | `wait-page TEXT` | waits until the page (not the terminal) shows TEXT |
 * | `wait-no-page TEXT` | waits until it no longer does |
 * | `wait-state STATE…` | waits until `data-state` is one of them |
 * | `state`, `text`, `page`, `url`, `console` | answers with it |
 * | `history` | scrolls up to the first line; answers with all lines, as JSON |
 * | `click TEXT` | clicks the button called TEXT |
 * | `goto URL`, `reload` | navigates |
 * | `size WIDTH HEIGHT` | resizes the window |
 * | `offline`, `online` | cuts and restores the browser's network |
 * | `shot FILE` | takes a screenshot |
 */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { DEADLINE_MS, openPage, terminalText, waitForState, waitForText } from "./browser.mjs";

const [url, width = 1280, height = 800] = process.argv.slice(2);
assert.ok(url, "usage: watch.mjs URL [WIDTH HEIGHT]");
const { browser, context, page, said } = await openPage({ width: Number(width), height: Number(height) });

/** How often the history is looked at, and when nothing more is expected, in milliseconds. */
const STEP_MS = 10;
const SETTLED_MS = 500;

/** What says that lines above the screen are being loaded. */
const HISTORY_IS_OWED = ".pane:not([hidden]) .chip-top";

const commands = {
  type: async (text) => {
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  },
  keys: (text) => page.keyboard.type(text),
  paste: (line) => {
    const [, count, text] = /^(\d+) (.*)$/s.exec(line);
    return page.keyboard.insertText(text.repeat(Number(count)));
  },
  press: (key) => page.keyboard.press(key),
  "wait-text": (text) => waitForText(page, text),
  "wait-line": (text) => page.waitForFunction((start) => window.__cocalcPlusTerminalText?.().includes(`\n${start}`), text),
  "wait-no-text": (text) =>
    page.waitForFunction((unwanted) => !window.__cocalcPlusTerminalText?.().includes(unwanted), text),
  "wait-page": (text) => page.waitForFunction((wanted) => document.body.innerText.includes(wanted), text),
  "wait-no-page": (text) => page.waitForFunction((unwanted) => !document.body.innerText.includes(unwanted), text),
  "wait-state": (states) => waitForState(page, ...states.split(/\s+/)),
  state: () => page.evaluate(() => document.documentElement.dataset.state),
  text: async () => JSON.stringify(await terminalText(page)),
  page: async () => JSON.stringify(await page.innerText("body")),
  history: async () => JSON.stringify(await readHistory()),
  url: () => page.url(),
  console: () => JSON.stringify(said),
  click: (name) => page.getByRole("button", { name }).first().click(),
  goto: (address) => page.goto(address).then(() => {}),
  reload: () => page.reload().then(() => {}),
  size: (size) => {
    const [width, height] = size.split(/\s+/).map(Number);
    return page.setViewportSize({ width, height });
  },
  offline: () => context.setOffline(true),
  online: () => context.setOffline(false),
  shot: (path) => page.screenshot({ path }).then(() => {}),
};

/** Goes up to the top, which loads the history, and reads it on a second way from the end. */
async function readHistory() {
  const shown = async () => (await terminalText(page)).split("\n");
  const goUp = async (seen) => {
    for (let top = await shown(); top !== null; ) {
      seen(top);
      await page.keyboard.press("Shift+PageUp");
      top = await changed(top, shown);
    }
  };
  let top;
  await goUp((view) => (top = view));
  // Whoever types looks at the end; this key changes nothing.
  await page.keyboard.press("Control+E");
  await changed(top, shown);
  let lines = null;
  await goUp((view) => {
    lines = lines === null ? view : [...view.slice(0, view.length - overlap(view, lines)), ...lines];
  });
  return lines;
}

/** The next view that is another one; `null` when nothing is loaded any more and none came. */
async function changed(before, shown) {
  for (let waited = 0; waited < DEADLINE_MS; waited += STEP_MS) {
    const now = await shown();
    if (now.join("\n") !== before.join("\n")) return now;
    const isLoading = (await page.locator(HISTORY_IS_OWED).count()) > 0;
    if (!isLoading && waited >= SETTLED_MS) return null;
    await page.waitForTimeout(STEP_MS);
  }
  throw new Error("the history is loading for too long");
}

/** How many lines at the end of `above` are the first ones of `below`. */
function overlap(above, below) {
  for (let count = above.length; count > 0; count--) {
    if (above.slice(above.length - count).every((line, at) => line === below[at])) return count;
  }
  throw new Error(`no line of ${JSON.stringify(above.at(-1))} is in the next view, ${JSON.stringify(below[0])}`);
}

async function answer(line) {
  const [, name, rest] = /^(\S*)\s?(.*)$/s.exec(line);
  if (!Object.hasOwn(commands, name)) return `error no such command: ${name}`;
  try {
    const result = await commands[name](rest);
    return typeof result === "string" ? `ok ${result}` : "ok";
  } catch (error) {
    const state = await commands.state().catch(() => "?");
    const text = await commands.text().catch(() => "?");
    return `error ${error.message.split("\n")[0]} (state ${state}, terminal ${text})`;
  }
}

await page.goto(url).then(
  () => console.log("ok open"),
  (error) => console.log(`error ${error.message.split("\n")[0]}`),
);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "quit") break;
  if (line !== "") console.log(await answer(line));
}
await browser.close();

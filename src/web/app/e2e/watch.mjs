/**
 * A page that a test drives line by line: `node e2e/watch.mjs URL`.
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
 * | `wait-no-text TEXT` | waits until it no longer does |
 * | `wait-page TEXT` | waits until the page (not the terminal) shows TEXT |
 * | `wait-state STATE…` | waits until `data-state` is one of them |
 * | `state`, `text`, `page`, `url`, `console` | answers with it |
 * | `click TEXT` | clicks the button called TEXT |
 * | `goto URL`, `reload` | navigates |
 * | `size WIDTH HEIGHT` | resizes the window |
 * | `offline`, `online` | cuts and restores the browser's network |
 * | `shot FILE` | takes a screenshot |
 */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { openPage, terminalText, waitForState, waitForText } from "./browser.mjs";

const [url] = process.argv.slice(2);
assert.ok(url, "usage: watch.mjs URL");
const { browser, context, page, said } = await openPage();

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
  "wait-no-text": (text) =>
    page.waitForFunction((unwanted) => !window.__cocalcPlusTerminalText?.().includes(unwanted), text),
  "wait-page": (text) => page.waitForFunction((wanted) => document.body.innerText.includes(wanted), text),
  "wait-state": (states) => waitForState(page, ...states.split(/\s+/)),
  state: () => page.evaluate(() => document.documentElement.dataset.state),
  text: async () => JSON.stringify(await terminalText(page)),
  page: async () => JSON.stringify(await page.innerText("body")),
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

/**
 * Version 2 of a terminal's page, against the fake server:
 * `node e2e/terminal.mjs DIST [SCREENSHOT_DIR]`, where DIST is a built page.
 *
 * Walks through what the page alone decides: whose size it is, history, search,
 * images, the clipboard, pastes, the bell and starting again. Fails when the
 * console says anything. Prints one line for each step that went well.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openPage, terminalText, waitForState, waitForText } from "./browser.mjs";
import { serve } from "./fake-server.mjs";

const [dist, folder] = process.argv.slice(2);
assert.ok(dist, "usage: terminal.mjs DIST [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

const { url, add, terminals, stop } = await serve(dist);
const first = add();
const second = add();
const { browser, context, page, said } = await openPage();
const shown = (selector) => page.locator(`.pane:not([hidden]) ${selector}`);
const shot = (name) => (folder ? page.screenshot({ path: join(folder, `${name}.png`) }) : undefined);
const lines = async () => (await terminalText(page)).split("\n");
const type = (text) => page.keyboard.type(`${text}\r`);

/** Waits until something holds, as the page's own deadline allows. */
async function until(holds, what) {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (await holds()) return;
    await page.waitForTimeout(20);
  }
  assert.fail(`never: ${what}`);
}

function paste(text) {
  return page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
  }, text);
}

const steps = {
  "the size follows the smallest browser, and mine when I say so": async () => {
    const mine = first.size;
    first.other({ cols: 60, rows: 20 });
    await shown(".size-note").getByText("60 × 20: the smallest of 2 browsers").waitFor();
    await shot("smaller");
    await shown(".size-note").getByRole("button").click();
    await until(() => first.size.cols === mine.cols, "the size became mine");
    await page.getByRole("button", { name: "Fit every browser" }).click();
    await until(() => first.size.cols === 60, "the size was given back");
    first.other(null);
    await until(() => first.size.cols === mine.cols, "alone, the size is mine");
  },

  "a page that nobody sees does not count": async () => {
    const see = (isHidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await see(true);
    await until(() => first.log.at(-1)?.cols === 0 || first.log.some((entry) => entry?.cols === 0), "0 × 0 was told");
    await see(false);
    await until(() => first.log.findLast((entry) => entry?.cols !== undefined)?.cols > 0, "a size was told again");
  },

  "only the leader answers, and nobody in a replay": async () => {
    first.typed = "";
    first.leads = false;
    first.other({ cols: 60, rows: 20 });
    first.print("\x1b[c\x1b[6n\x1b]52;c;YWJj\x07");
    await page.keyboard.press("Shift+F3");
    await until(() => first.typed !== "", "a key was typed");
    assert.equal(first.typed, "\x1b[1;2R", "Shift+F3 and nothing else");
    first.leads = true;
    first.other(null);
    first.print("\x1b[c");
    await until(() => first.typed.endsWith("c"), "the leader answered");
    first.typed = "";
    first.skip("\x1b[c\x1b[6n");
    first.print("\x1b[5n");
    await until(() => first.typed !== "", "live output was answered");
    assert.equal(first.typed, "\x1b[0n");
    await type("");
  },

  "history comes when one scrolls up to it": async () => {
    await type("lines 300");
    await waitForText(page, "line 299");
    first.skip("");
    first.historyMs = 300;
    await page.mouse.move(500, 400);
    await page.mouse.wheel(0, -120);
    await shown(".chip-top").waitFor();
    await shot("loading-history");
    await until(async () => (await lines())[0] === "line 257", "three lines further up");
  },

  "a reader keeps the place in a flood": async () => {
    await page.mouse.wheel(0, -900);
    await until(async () => (await lines())[0] !== "line 257", "scrolled");
    await page.waitForTimeout(200);
    const [before] = await lines();
    let count = 0;
    const flood = setInterval(() => first.skip(`flood ${count++}\r\n`.repeat(50)), 33);
    await shown(".chip-bottom").waitFor();
    await page.waitForTimeout(500);
    assert.equal((await lines())[0], before);
    await shot("reading");
    clearInterval(flood);
    await shown(".chip-bottom").click();
    await until(async () => (await lines()).at(-1) === `flood ${count - 1}`, "the newest output");
    first.print("$ ");
  },

  "one can scroll up out of a flood": async () => {
    let count = 0;
    const flood = setInterval(() => first.skip(`more ${count++}\r\n`.repeat(50)), 33);
    await waitForText(page, "more 9");
    await page.keyboard.press("Shift+PageUp");
    await shown(".chip-bottom").waitFor();
    const [before] = await lines();
    await page.waitForTimeout(300);
    assert.equal((await lines())[0], before);
    clearInterval(flood);
    await type("");
    await until(async () => (await lines()).at(-1) !== before && (await shown(".chip-bottom").count()) === 0, "at the end");
  },

  "a search loads history first and goes from match to match": async () => {
    await type("lines 500");
    await waitForText(page, "line 499");
    first.skip("");
    await page.keyboard.press("Control+Shift+F");
    await page.keyboard.type("line 123");
    await until(async () => (await shown(".search-count").innerText()) === "2 of 2", "both matches");
    await page.keyboard.press("Enter");
    await until(async () => (await shown(".search-count").innerText()) === "1 of 2", "the older match");
    await shot("search");
    await shown(".search-bar").getByRole("button", { name: "Regular expression" }).click();
    await shown(".search-text").fill("line 12[");
    await shown(".search-count").getByText("not a pattern").waitFor();
    await shown(".search-text").press("Escape");
    await until(() => page.evaluate(() => document.activeElement.className.includes("xterm")), "the keyboard is back");
  },

  "images are drawn, the first one too": async () => {
    await type("sixel");
    await shown(".xterm-image-layer").waitFor();
    await type("iterm");
    await type("after");
    await waitForText(page, "after\nafter");
    // Read once: Chromium complains of canvases that are read often.
    await page.waitForTimeout(300);
    const colors = await shown(".xterm-image-layer").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const drawn = Array.from({ length: data.length / 4 }, (_, at) => at * 4).filter((at) => data[at + 3] > 0);
      return [...new Set(drawn.map((at) => (data[at] > data[at + 1] ? "red" : "green")))].sort();
    });
    assert.deepEqual(colors, ["green", "red"]);
    await shot("images");
  },

  "links show where they lead and open with Ctrl": async () => {
    first.print("\x1b[2J\x1b[H");
    await type("link");
    await waitForText(page, "declared link");
    const box = await shown(".xterm-screen").boundingBox();
    const row = (await lines()).findIndex((line) => line.startsWith("declared"));
    const at = [box.x + 30, box.y + (row + 0.5) * (box.height / first.size.rows)];
    await page.mouse.move(...at);
    await shown(".chip-link").getByText("https://example.org/a/long/path?with=query").waitFor();
    await shot("link");
    let opened = 0;
    context.on("page", (popup) => (opened++, popup.close()));
    await page.mouse.click(...at);
    await page.keyboard.down("Control");
    await page.mouse.click(...at);
    await page.keyboard.up("Control");
    await until(() => opened > 0, "it opened");
    assert.equal(opened, 1, "a click alone opens nothing");
    await page.mouse.move(600, 500);
    await page.bringToFront();
  },

  "a program copies when it is allowed to": async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await type("copy");
    await page.locator(".copy-bar").waitFor();
    await shot("copy");
    assert.equal(await clipboard(), "before");
    await page.getByRole("button", { name: "Always" }).click();
    await until(async () => (await clipboard()) === "from the program", "copied");
    await page.evaluate(() => navigator.clipboard.writeText("before"));
    await type("copy");
    await until(async () => (await clipboard()) === "from the program", "copied without a question");
  },

  "a paste of several lines is shown first": async () => {
    first.typed = "";
    await paste("echo one\necho two\n");
    await page.locator(".paste-popover").waitFor();
    await shot("paste");
    await page.keyboard.press("Escape");
    await paste("echo one\necho two\n");
    await page.locator(".paste-popover").waitFor();
    assert.equal(first.typed, "");
    await page.keyboard.press("Enter");
    await until(() => first.typed === "echo one\recho two\r", "pasted");
    await type("bracket");
    await until(() => first.typed.endsWith("bracket\r"), "the program brackets");
    await page.waitForTimeout(100);
    first.typed = "";
    await paste("a\nb\x1b[201~");
    await until(() => first.typed === "\x1b[200~a\rb␛[201~\x1b[201~", "pasted in brackets");
    await type("");
    await type("unbracket");
  },

  "a file that a program opens has a tab": async () => {
    await type("open");
    // The fake server has no files: the tab says so.
    await page.locator(".tab-file").waitFor();
    await page.keyboard.press("Alt+Shift+W");
    await page.locator(".tab-file").waitFor({ state: "detached" });
  },

  "a bell in the background leaves a dot": async () => {
    await page.keyboard.press("Alt+Shift+ArrowRight");
    await until(() => second.clients.size > 0, "the second terminal is shown");
    first.print("\x07");
    await page.locator(".bell-dot").waitFor();
    assert.match(await page.title(), /^● /);
    await shot("bell");
    await page.keyboard.press("Alt+Shift+ArrowLeft");
    await until(async () => (await page.locator(".bell-dot").count()) === 0, "the dot is gone");
  },

  "a terminal is started again in its place": async () => {
    const order = () => page.locator(".tab").evaluateAll((tabs) => tabs.map((tab) => tab.dataset.tab).join(" "));
    assert.equal(await order(), "t1 t2");
    await page.keyboard.press("Control+Shift+P");
    await page.keyboard.type("restart");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Restart it" }).click();
    await until(async () => (await order()) === "t3 t2", "the third is in the first one's place");
    await until(() => terminals.get("t3").clients.size > 0, "it is shown");
    await type("kill 9");
    await shown(".end-strip").getByText("was ended by signal 9 (SIGKILL, killed)").waitFor();
    await shot("ended");
    await page.getByRole("button", { name: "Start again" }).click();
    await until(async () => (await order()) === "t4 t2", "the fourth is in the third one's place");
  },
};

try {
  await page.goto(url);
  await waitForState(page, "ready");
  for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(`ok ${name}`);
  }
  const expected = /status of 404|\/files\/watch/;
  assert.deepEqual(
    said.filter((line) => !expected.test(line)),
    [],
    "the console is not empty",
  );
} catch (error) {
  await shot("error");
  console.error(error.message, said, JSON.stringify(await terminalText(page)).slice(-300));
  process.exitCode = 1;
} finally {
  await browser.close();
  stop();
}

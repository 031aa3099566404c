/**
 * Terminals in the page, against a real server:
 * `node e2e/terminal.mjs URL HOME [SCREENSHOT_DIR]`.
 *
 * HOME is the server's home directory, on this machine; its shell is bash. Walks
 * through what the page decides: whose size it is, history, floods, search,
 * images, links, the clipboard, pastes, files that programs open, the bell, the
 * font, starting again. What is asked of the page is printed by real programs.
 * Prints one line for each step that went well; fails when the console says
 * anything, and at the first step that does not go well.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPage, terminalText, waitForState, waitForText, waitsOn } from "./browser.mjs";

const [url, home, folder] = process.argv.slice(2);
assert.ok(url && home, "usage: terminal.mjs URL HOME [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

/** One red square of 24 × 24 pixels. */
const SIXEL = `\x1bPq"1;1;24;24#1;2;90;10;10${"#1!24~-".repeat(4)}\x1b\\\n`;
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const INLINE = `\x1b]1337;File=inline=1;size=${Buffer.from(PNG, "base64").length};width=10;height=4:${PNG}\x1b\\\n`;

/** Kinds of frames, and the flags of a replay; `src/protocol/terminal.rs`. */
const REPLAY = 2;
const HISTORY = 10;
const CLEAR = 1;
const WHOLE = 4;

const at = (name) => join(home, name);
const base64 = (text) => Buffer.from(text).toString("base64");
writeFileSync(at("sixel"), SIXEL);
writeFileSync(at("inline"), INLINE);
writeFileSync(at("link"), "\x1b]8;;https://example.org/a/long/path?with=query\x1b\\declared link\x1b]8;;\x1b\\\n");
writeFileSync(at("copy"), `\x1b]52;c;${base64("from the program")}\x1b\\`);
for (const name of ["early.txt", "late.txt"]) writeFileSync(at(name), `this is ${name}\n`);
mkdirSync(at("folder"));

const { browser, context, page, said } = await openPage();
const { until } = waitsOn(page);
const shown = (selector) => page.locator(`.pane:not([hidden]) ${selector}`);
const shot = (name) => (folder ? page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`) }) : null);
const lines = async () => (await terminalText(page)).split("\n");
const top = async () => Number((await lines())[0]);
const press = (key) => page.keyboard.press(key);
const wheel = (up) => page.mouse.move(500, 400).then(() => page.mouse.wheel(0, -up));
const order = () => page.locator(".tab[data-tab]:not(.tab-file)").evaluateAll((tabs) => tabs.map((tab) => tab.dataset.tab));

/** How often the page has asked for history: told by itself, because whoever listens outside hears of it later. */
await page.addInitScript((HISTORY) => {
  window.historyAsked = 0;
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (bytes) {
    if (new Uint8Array(bytes)[0] === HISTORY) window.historyAsked++;
    return send.call(this, bytes);
  };
}, HISTORY);
const asked = () => page.evaluate(() => window.historyAsked);

/** How many screens came without history. */
const frames = { screens: 0 };
page.on("websocket", (socket) => {
  if (!socket.url().includes("/terminal/")) return;
  socket.on("framereceived", ({ payload }) => {
    const isScreen = payload[0] === REPLAY && (payload[9] & CLEAR) !== 0 && (payload[9] & WHOLE) === 0;
    if (isScreen) frames.screens++;
  });
});

let count = 0;

/** Types a command, and waits until the shell has done it. */
async function shell(command) {
  const word = `did-${++count}.`;
  await page.keyboard.type(`${command}; echo did''-${count}.\r`);
  await waitForText(page, word);
}

/** Gives a new shell a prompt that is known. */
async function prompt() {
  await page.keyboard.type("PS1=rea''dy:\r");
  await waitForText(page, "ready:");
}

/** A new page that has the screen only, and the shell's last words on it. */
async function reload() {
  const text = await terminalText(page);
  await page.reload();
  await waitForState(page, "ready");
  await until(async () => (await terminalText(page)) === text, "the screen came back");
  await until(() => shown(".xterm").evaluate((it) => it.contains(document.activeElement)), "it has the keyboard");
}

/** Opens a gate at which a program in a terminal waits. */
const openGate = (name) => writeFileSync(at(name), "go\n");

function paste(text) {
  return page.evaluate((pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(event);
  }, text);
}

async function choose(words) {
  await press("Control+Shift+P");
  await page.keyboard.type(words);
  await press("Enter");
}

const steps = {
  "a page that nobody sees does not count for the size": async () => {
    const small = await context.newPage();
    await small.setViewportSize({ width: 500, height: 600 });
    await small.goto(page.url());
    await waitForState(small, "ready");
    const note = shown(".size-note").getByText("the smallest of 2 browsers");
    const see = (isHidden) =>
      small.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await note.waitFor();
    await shot("smaller");
    await see(true);
    await note.waitFor({ state: "detached" });
    await see(false);
    await note.waitFor();
    await small.close();
    await note.waitFor({ state: "detached" });
    await page.bringToFront();
  },

  "keys change the size of the font, and so of the terminal": async () => {
    const size = async () => {
      await shell("clear; echo size=$(stty size).");
      return (await terminalText(page)).match(/size=(\d+) (\d+)\./).slice(1).map(Number);
    };
    const [rows, cols] = await size();
    for (const [key, isRight] of [
      ["Control+Equal", ([r, c]) => r < rows && c < cols],
      ["Control+0", ([r, c]) => r === rows && c === cols],
      ["Control+Minus", ([r, c]) => r > rows && c > cols],
      ["Control+0", ([r, c]) => r === rows && c === cols],
    ]) {
      await press(key);
      await until(async () => isRight(await size()), `another size after ${key}`);
    }
  },

  "nothing that is drawn again is answered": async () => {
    // All that is typed within half a second, without a key.
    const ask =
      "stty raw -echo min 0 time 5; printf '\\033[c\\033[6n\\033]52;c;YWJj\\007' >/dev/tty; all=$(cat); stty sane";
    await shell(`${ask}; clear; printf '%q ' "$all" | tr -d "'"; echo`);
    assert.match(await terminalText(page), /\\E\[\?62;4;9;22c\\E\[\d+;1R/, "asked once, answered once");
    await page.locator(".copy-bar").getByRole("button", { name: "Allow" }).click();
    await reload();
    await press("Control+Home");
    await shell("echo n=$((6*7)).");
    const [typed] = (await lines()).filter((line) => line.includes("echo n=$"));
    assert.match(typed, /^ready:echo n=/, "nothing was typed before it");
    assert.equal(await page.locator(".copy-bar").count(), 0);
  },

  "history comes when one scrolls up to it": async () => {
    await shell("clear; seq 300");
    await reload();
    const before = await top();
    assert.ok(before > 200, `${before}`);
    await wheel(120);
    await until(async () => (await top()) === before - 3, "three lines further up");
    await press("Shift+PageUp");
    await until(async () => (await top()) < before - 20, "a page further up");
    await press("Control+Home");
    await until(async () => (await lines()).includes("1"), "the first line");
    await press("Control+End");
    await until(async () => (await top()) === before, "the end again");
  },

  "Ctrl+Home fetches the oldest line at once, but is a full-screen program's own": async () => {
    await shell("clear; seq -f 'old %g' 200");
    await reload();
    await press("Control+Home");
    await until(async () => (await lines())[0] === "old 1", "the oldest line");
    await press("Control+End");
    await page.keyboard.type("printf '\\033[?1049h'; cat; printf '\\033[?1049l'\r");
    await until(async () => (await terminalText(page)) === "", "the other screen");
    await press("Control+Home");
    await press("Shift+End");
    await waitForText(page, "^[[1;5H^[[1;2F");
    await press("Enter");
    await press("Control+D");
    await waitForText(page, "old 200");
  },

  "what was skipped in a flood is there when one scrolls past the top, and the view stays": async () => {
    const LAST = 3_000_000;
    const seen = frames.screens;
    // The page sees nothing of the flood's end: what it has drawn is the screen.
    page.once("dialog", (dialog) => until(() => existsSync(at("flooded")), "the end").then(() => dialog.accept()));
    await page.keyboard.type(`clear; seq ${LAST}; touch flooded\r`);
    await page.evaluate(() => alert("a page that is busy"));
    await waitForText(page, `${LAST}\nready:`);
    assert.ok(frames.screens > seen, "the page was behind, and was given a screen instead");
    const begun = await asked();
    let before;
    const isAway = (lines) => async () => (await top()) === Number(before[0]) - lines;
    // First through the few lines that came after the screen, then past the top.
    do {
      before = await lines();
      await wheel(120);
      await until(async () => !(await isAway(0)()), "further up");
    } while ((await asked()) === begun);
    await until(isAway(3), "three lines further up");
    assert.deepEqual((await lines()).slice(3), before.slice(0, -3), "the view stayed");
    assert.equal(await asked(), begun + 1, "history was asked for once");
    await press("Control+Home");
    await until(async () => (await top()) < LAST - 9_000, "the top of the history");
    const oldest = await top();
    assert.deepEqual(await lines(), Array.from(before, (_, row) => String(oldest + row)));
    await press("Control+End");
    await waitForText(page, `${LAST}\nready:`);
  },

  "a reader keeps the place in a flood": async () => {
    await page.keyboard.type('yes "flood $(seq -s " " 12)" & echo $! >flooder; wait\r');
    await waitForText(page, "flood 1 2");
    await until(() => existsSync(at("flooder")) && readFileSync(at("flooder"), "utf8").endsWith("\n"), "a flood");
    const flooder = Number(readFileSync(at("flooder"), "utf8"));
    const written = () => Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${flooder}/io`, "utf8"))[1]);
    await until(async () => {
      await press("Shift+PageUp");
      return (await shown(".chip-bottom").count()) > 0;
    }, "newer output is held back");
    const before = await terminalText(page);
    const begun = written();
    await until(() => written() > begun + 20_000_000, "twenty more megabytes");
    assert.equal(await terminalText(page), before);
    await shot("reading");
    process.kill(flooder);
    await shown(".chip-bottom").click();
    await waitForText(page, "ready:");
    await press("Enter");
    await shell("echo again");
  },

  "a search loads history first and goes from match to match": async () => {
    await shell("clear; for n in 1 2; do seq -f 'line %g' 500; done");
    await reload();
    await press("Control+Shift+F");
    await page.keyboard.type("line 123");
    await until(async () => (await shown(".search-count").innerText()) === "2 of 2", "both matches");
    await press("Enter");
    await until(async () => (await shown(".search-count").innerText()) === "1 of 2", "the older match");
    await shot("search");
    await shown(".search-bar").getByRole("button", { name: "Regular expression" }).click();
    await shown(".search-text").fill("line 12[");
    await shown(".search-count").getByText("not a pattern").waitFor();
    await shown(".search-text").press("Escape");
    await until(() => page.evaluate(() => document.activeElement.className.includes("xterm")), "the keyboard is back");
  },

  "images are drawn, the first one too": async () => {
    await shell("clear; cat sixel inline");
    await shown(".xterm-image-layer").waitFor();
    const colors = () =>
      shown(".xterm-image-layer").evaluate((layer) => {
        // A copy: Chromium complains of canvases that are read often.
        const copy = new OffscreenCanvas(layer.width, layer.height);
        const context = copy.getContext("2d", { willReadFrequently: true });
        context.drawImage(layer, 0, 0);
        const { data } = context.getImageData(0, 0, layer.width, layer.height);
        const drawn = Array.from({ length: data.length / 4 }, (_, at) => at * 4).filter((at) => data[at + 3] > 0);
        return [...new Set(drawn.map((at) => (data[at] > data[at + 1] ? "red" : "other")))].sort().join();
      });
    await until(async () => (await colors()) === "other,red", "both pictures");
    await shot("images");
  },

  "links show where they lead and open with Ctrl": async () => {
    await shell("clear; cat link");
    const row = await shown(".xterm-rows > div").filter({ hasText: "declared link" }).last().boundingBox();
    const point = [row.x + 30, row.y + row.height / 2];
    await page.mouse.move(...point);
    await shown(".chip-link").getByText("https://example.org/a/long/path?with=query").waitFor();
    await shot("link");
    let opened = 0;
    context.on("page", (popup) => (opened++, popup.close()));
    await page.mouse.click(...point);
    await page.keyboard.down("Control");
    await page.mouse.click(...point);
    await page.keyboard.up("Control");
    await until(() => opened > 0, "it opened");
    assert.equal(opened, 1, "a click alone opens nothing");
    context.removeAllListeners("page");
    await page.mouse.move(600, 500);
    await page.bringToFront();
  },

  "a program copies when it is allowed to": async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const read = () => page.evaluate(() => navigator.clipboard.readText());
    const put = () => page.evaluate(() => navigator.clipboard.writeText("before"));
    const bar = page.locator(".copy-bar");
    await put();
    await shell("cat copy");
    await bar.waitFor();
    await shot("copy");
    assert.equal(await read(), "before");
    await bar.getByRole("button", { name: "Always" }).click();
    await until(async () => (await read()) === "from the program", "copied");
    await put();
    await shell("cat copy");
    await until(async () => (await read()) === "from the program", "copied without a question");
    await choose("ask before programs copy");
    await put();
    await shell("cat copy");
    await bar.getByRole("button", { name: "Deny" }).click();
    await shell("cat copy");
    assert.equal(await bar.count(), 0, "it does not ask again");
    assert.equal(await read(), "before");
  },

  "a paste of several lines is shown first": async () => {
    const popover = page.locator(".paste-popover");
    await page.keyboard.type("echo rea''ding; cat >pasted\r");
    await waitForText(page, "\nreading");
    await paste("echo one\necho two\n");
    await popover.waitFor();
    await shot("paste");
    await press("Escape");
    await popover.waitFor({ state: "detached" });
    await paste("echo three\necho four\n");
    await popover.waitFor();
    await press("Enter");
    await popover.waitFor({ state: "detached" });
    await press("Control+D");
    await shell("true");
    assert.equal(readFileSync(at("pasted"), "utf8"), "echo three\necho four\n");
  },

  "a program that brackets pastes gets them whole, and no way out of the brackets": async () => {
    await page.keyboard.type("printf '\\033[?2004hbra''ckets\\n'; cat >bracketed\r");
    await waitForText(page, "\nbrackets");
    await paste("a\nb\x1b[201~");
    await press("Enter");
    await press("Control+D");
    await shell("printf '\\033[?2004l'");
    assert.equal(readFileSync(at("bracketed"), "utf8"), "\x1b[200~a\nb␛[201~\x1b[201~\n");
    assert.equal(await page.locator(".paste-popover").count(), 0);
  },

  "a file that a program opens comes to the front, once": async () => {
    const editor = page.locator(".file-pane:not([hidden]) .cm-content");
    await page.keyboard.type("open early.txt\r");
    await editor.getByText("this is early.txt").waitFor();
    await until(() => editor.evaluate((it) => it === document.activeElement), "it has the keyboard");
    await page.locator(".tab").first().getByRole("tab").click();
    await page.keyboard.type(`printf '\\033]7337;open;%s\\007' ${base64(at("folder/.././early.txt"))}\r`);
    await editor.waitFor();
    assert.equal(await page.locator(".tab-file").count(), 1);
    await press("Alt+Shift+W");
    await page.locator(".tab-file").waitFor({ state: "detached" });
  },

  "a terminal behind takes no keyboard for its file, and leaves a dot": async () => {
    await page.keyboard.type("mkfifo gate; read word <gate; open late.txt; read word <gate; printf '\\a'\r");
    await until(() => existsSync(at("gate")), "it waits");
    await press("Alt+Shift+T");
    await until(async () => (await order()).length === 2, "another terminal");
    await prompt();
    await page.keyboard.type("cat >secret\r");
    await until(() => existsSync(at("secret")), "it reads");
    await page.keyboard.type("pass");
    openGate("gate");
    const tab = page.locator(".tab-file", { hasText: "late.txt" });
    await tab.locator(".bell-dot").waitFor();
    await page.keyboard.type("word\r");
    await press("Control+D");
    await until(() => readFileSync(at("secret"), "utf8") === "password\n", "the whole word came to the program");
    await shot("opened behind");
    await tab.getByRole("tab").click();
    await page.locator(".file-pane:not([hidden]) .cm-content").getByText("this is late.txt").waitFor();
    assert.equal(await tab.locator(".bell-dot").count(), 0);
    await press("Alt+Shift+W");
    await tab.waitFor({ state: "detached" });
  },

  "a bell in the background leaves a dot": async () => {
    openGate("gate");
    await page.locator(".bell-dot").waitFor();
    assert.match(await page.title(), /^● /);
    await shot("bell");
    await press("Alt+Shift+ArrowLeft");
    await until(async () => (await page.locator(".bell-dot").count()) === 0, "the dot is gone");
  },

  "a terminal that runs is started again in its place": async () => {
    const [first, second] = await order();
    await shell("echo $$ >before");
    await choose("restart");
    await page.getByRole("button", { name: "Restart it" }).click();
    await until(async () => (await order())[0] !== first && (await order())[1] === second, "a third in its place");
    await prompt();
    await page.keyboard.type("echo $$ >after\r");
    await until(() => existsSync(at("after")), "the new one answers");
    const isRunning = (name) => existsSync(`/proc/${readFileSync(at(name), "utf8").trim()}`);
    assert.deepEqual([isRunning("before"), isRunning("after")], [false, true]);
  },

  "the last words of a program that ended stand above the strip that says so": async () => {
    await page.keyboard.type("exec sh -c 'seq 60; echo FINAL ERROR LINE; exit 3'\r");
    await shown(".end-strip").getByText("exited with status 3").waitFor();
    const last = shown(".xterm-rows > div").filter({ hasText: /^FINAL ERROR LINE/ });
    const edge = async () => (await shown(".end-strip").boundingBox()).y;
    const bottom = async (row) => {
      const { y, height } = await row.boundingBox();
      return y + height;
    };
    await until(async () => (await bottom(last)) <= (await edge()), "the last line is seen");
    assert.ok((await bottom(shown(".xterm-rows > div").last())) <= (await edge()), "and so is every row");
    await shot("ended");
    await page.getByRole("button", { name: "Start again" }).click();
    await shown(".end-strip").waitFor({ state: "detached" });
    await prompt();
  },

  "a program that drew the whole screen and was killed shows its lowest row, too": async () => {
    await page.keyboard.type("exec sh -c 'printf \"\\033[?1049h\\033[999HLOWEST ROW\\033[Htop\"; kill -9 $$'\r");
    await shown(".end-strip").getByText("was ended by signal 9 (SIGKILL, killed)").waitFor();
    const lowest = shown(".xterm-rows > div").filter({ hasText: "LOWEST ROW" });
    await until(async () => {
      const row = await lowest.boundingBox();
      return row !== null && row.y + row.height <= (await shown(".end-strip").boundingBox()).y;
    }, "the lowest row is seen");
  },
};

try {
  await page.goto(url);
  await waitForState(page, "ready");
  await prompt();
  for (const [name, step] of Object.entries(steps)) {
    const begun = performance.now();
    await step().catch(async (error) => {
      await shot("failed");
      throw new Error(`${name}: ${error.message}`);
    });
    console.log(`ok ${name} ${Math.round(performance.now() - begun)} ms`);
  }
  assert.deepEqual(said, [], "the console is not empty");
} catch (error) {
  console.error(error.message, said, JSON.stringify(await terminalText(page)).slice(-300));
  process.exitCode = 1;
} finally {
  await Promise.race([browser.close(), new Promise((resolve) => setTimeout(resolve, 3000))]);
  process.exit();
}

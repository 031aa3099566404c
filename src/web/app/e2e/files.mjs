/**
 * Files in the page, against a real server:
 * `node e2e/files.mjs URL HOME [SCREENSHOT_DIR]`.
 *
 * HOME is the server's home directory, empty and on this machine. Walks through
 * the tree (make, rename, copy, move, trash and undo, odd names, live changes),
 * the editor (encodings, line ends, conflicts, a deleted file, drafts), uploads
 * that lose their connection, downloads and previews; each step is judged by
 * what lies on disk. Prints one line for each step that went well; fails when
 * the console says anything, and at the first step that does not go well.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPage, waitForState, waitForText, waitsOn } from "./browser.mjs";

const [url, home, folder] = process.argv.slice(2);
assert.ok(url && home, "usage: files.mjs URL HOME [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

const at = (name) => join(home, name);
const disk = (name) => readFileSync(at(name));
const put = (name, content) => writeFileSync(at(name), content);
for (const name of ["one", "two", "odd"]) mkdirSync(at(name));
for (const [name, text] of Object.entries({
  "a.txt": "a\n",
  "crlf.txt": "a\r\nb\r\n",
  "mixed.txt": "a\r\nb\nc",
  "notes.md": "# Notes\n\n![picture](picture.svg)\n\n<script>alert(1)</script>\n",
  "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>',
  "odd/line\nbreak.txt": "line\n",
})) {
  put(name, text);
}
put("latin1.txt", Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x80, 0x0a]));
put("bytes.bin", randomBytes(40_000));
writeFileSync(Buffer.concat([Buffer.from(`${at("odd")}/bad-`), Buffer.from([0xff])]), "bad\n");
put("huge.log", "a line of a large file\n".repeat(1_000_000));
symlinkSync(".", at("odd/again"));
mkdirSync(Buffer.concat([Buffer.from(`${at("odd")}/dir-`), Buffer.from([0xff])]));
mkdirSync(at("many"));
for (let count = 0; count < 300; count++) put(`many/entry ${count}`, "");

const { browser, context, page, said } = await openPage();
const { until, settle } = waitsOn(page);
const item = (name) => page.getByRole("treeitem", { name, exact: true });
const front = (selector) => page.locator(`.file-pane:not([hidden]) ${selector}`);
const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const says = (text) => page.getByText(text).first().waitFor();

/** Gives the tree the keyboard, on an entry; a file is looked at, too. */
async function goTo(name) {
  await settle();
  await item(name).click();
  await page.locator(".tree").focus();
}

async function open(name) {
  await settle();
  await item(name).dblclick();
  await page.locator(".tab-selected").getByText(name, { exact: true }).waitFor();
}

/** Types at the start of the text in front. */
async function write(text) {
  await front(".cm-content").click();
  await press("Control+Home");
  await page.keyboard.type(text);
}

async function pick(files, button) {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: button }).click(),
  ]);
  await chooser.setFiles(files);
}

const session = await context.newCDPSession(page);
await session.send("Network.enable");

/** Cuts the network off, or bounds what is uploaded; in bytes a second. */
function limit(offline, upload) {
  const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput: upload };
  return session.send("Network.emulateNetworkConditions", conditions);
}

const steps = {
  "make a file and save it": async () => {
    await page.getByRole("button", { name: "New file" }).click();
    await page.keyboard.type("new.txt");
    await press("Enter");
    await front(".cm-content").waitFor();
    await page.keyboard.type("hello");
    await press("Control+S");
    await until(() => existsSync(at("new.txt")) && String(disk("new.txt")) === "hello", "saved");
  },
  rename: async () => {
    await goTo("new.txt");
    await press("F2");
    await page.keyboard.type("renamed");
    await press("Enter");
    await until(() => existsSync(at("renamed.txt")) && !existsSync(at("new.txt")), "renamed");
  },
  "copy, move": async () => {
    await goTo("a.txt");
    await press("Control+D");
    await until(() => existsSync(at("a copy.txt")), "duplicated");
    await settle();
    await item("a copy.txt").dragTo(item("one, folder"));
    await until(() => existsSync(at("one/a copy.txt")), "moved");
  },
  "trash and undo": async () => {
    await goTo("renamed.txt");
    await press("Delete");
    await until(() => !existsSync(at("renamed.txt")), "in the trash");
    await says("moved to the trash");
    await press("Control+Z");
    await until(() => existsSync(at("renamed.txt")), "back");
  },
  "delete for good": async () => {
    await goTo("renamed.txt");
    await press("Shift+Delete");
    await page.getByRole("button", { name: "Delete for good" }).click();
    await until(() => !existsSync(at("renamed.txt")), "deleted");
  },
  "changes show by themselves": async () => {
    put("live.txt", "x");
    await item("live.txt").waitFor();
    rmSync(at("live.txt"));
    await item("live.txt").waitFor({ state: "detached" });
  },
  "odd names": async () => {
    await item("odd, folder").click();
    await open("line\\nbreak.txt");
    await front(".cm-content").getByText("line").waitFor();
    await open("bad-\ufffd");
    await write("still ");
    await press("Control+S");
    const raw = Buffer.concat([Buffer.from(`${at("odd")}/bad-`), Buffer.from([0xff])]);
    await until(() => String(readFileSync(raw)) === "still bad\n", "saved by its raw name");
    await item("odd, folder").click();
  },
  "the tree's menu takes the keyboard and opens a terminal in any folder": async () => {
    await item("odd, folder").click();
    await goTo("dir-\ufffd, folder");
    await press("Shift+F10");
    await press("o", "Enter");
    await page.locator(".file-pane:not([hidden])").waitFor({ state: "detached" });
    await page.keyboard.type("pwd | od -An -c | tail -1");
    await press("Enter");
    await waitForText(page, "r   - 377");
    await item("odd, folder").click();
  },
  "open folders and the place among them come back": async () => {
    await item("two, folder").click();
    await item("many, folder").click();
    await item("entry 0").waitFor();
    const place = () => page.locator(".tree").evaluate((tree) => tree.scrollTop);
    await page.locator(".tree").evaluate((tree) => (tree.scrollTop = 3000));
    await until(async () => (await page.getByRole("treeitem", { name: "entry 120" }).count()) > 0, "scrolled");
    await page.reload();
    await waitForState(page, "ready");
    await until(async () => (await place()) === 3000, "scrolled again");
    await press("Alt+Shift+B");
    await press("Alt+Shift+B");
    await until(async () => (await place()) === 3000, "scrolled after it was hidden");
    rmSync(at("two"), { recursive: true });
    await page.reload();
    await waitForState(page, "ready");
    await item("entry 120").waitFor();
    const remembered = () => page.evaluate(() => JSON.parse(localStorage.getItem("cocalc-plus.explorer")).expanded);
    await until(async () => (await remembered()).length === 2, "what is gone is forgotten");
    await page.getByRole("button", { name: "Order and view" }).click();
    await page.getByRole("menuitem", { name: "Close all folders" }).click();
    await until(async () => (await place()) === 0, "closed");
  },
  "a file that is only looked at is opened by Enter and by a double click": async () => {
    const isInEditor = () => page.evaluate(() => document.activeElement.matches(".cm-content"));
    for (const opening of [() => press("Enter"), () => item("mixed.txt").dblclick()]) {
      await goTo("mixed.txt");
      await front(".cm-content").getByText("c").waitFor();
      assert.equal(await isInEditor(), false, "the keyboard stays in the tree");
      await opening();
      await until(isInEditor, "the keyboard is in the editor");
      await press("Alt+Shift+W");
    }
  },
  "a directory is typed over the one that is shown": async () => {
    const field = page.getByRole("combobox", { name: "Directory" });
    await field.click();
    assert.equal(await field.evaluate((it) => it.value.slice(it.selectionStart, it.selectionEnd) === it.value), true);
    await field.blur();
    // In the same moment, before anything is drawn.
    await field.evaluate((it) => (it.focus(), document.execCommand("insertText", false, "/")));
    await page.keyboard.type(at("one").slice(1));
    await press("Enter");
    await item("mixed.txt").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Home directory" }).click();
    await item("mixed.txt").waitFor();
  },
  "line ends stay": async () => {
    await open("crlf.txt");
    await write("x\ny");
    await press("Control+S");
    await until(() => String(disk("crlf.txt")) === "x\r\nya\r\nb\r\n", "CRLF");
    await open("mixed.txt");
    await write("x");
    await press("Control+S");
    await until(() => String(disk("mixed.txt")) === "xa\r\nb\nc", "mixed");
  },
  "Latin-1 stays": async () => {
    const before = disk("latin1.txt");
    await open("latin1.txt");
    await page.getByRole("button", { name: "Edit as Latin-1" }).click();
    await write("x");
    await press("Control+S");
    await until(() => disk("latin1.txt")[0] === 0x78, "saved");
    assert.deepEqual(disk("latin1.txt").subarray(1), before);
  },
  "a clean text follows the disk": async () => {
    await open("a.txt");
    put("a.txt", "from elsewhere\n");
    await front(".cm-content").getByText("from elsewhere").waitFor();
  },
  "a conflict is shown, compared and decided": async () => {
    await write("mine ");
    put("a.txt", "theirs\n");
    await says("This file changed on disk");
    await press("Control+S");
    await page.getByRole("button", { name: "Compare" }).click();
    await page.locator(".cm-mergeView").waitFor();
    assert.equal(String(disk("a.txt")), "theirs\n");
    await page.getByRole("button", { name: "Keep mine" }).click();
    await until(() => String(disk("a.txt")) === "mine from elsewhere\n", "mine");
    await until(async () => (await front(".status-line [role=status]").innerText()) === "Saved", "the page knows");
  },
  "a deleted file is saved again": async () => {
    rmSync(at("a.txt"));
    await says("no longer on disk");
    await write("again ");
    await press("Control+S");
    await until(() => existsSync(at("a.txt")) && String(disk("a.txt")).startsWith("again "), "saved");
  },
  "the drafts of two windows survive their crash": async () => {
    const another = async (...shown) => {
      const window = await context.newPage();
      const text = window.locator(".file-pane:not([hidden]) .cm-content");
      await window.goto(page.url());
      for (const words of shown) await window.getByText(words).first().waitFor();
      return { window, text };
    };
    const windows = [];
    for (const draft of ["first ", "second "]) {
      const { window, text } = await another(/^again mine/);
      windows.push(window);
      await text.click();
      await window.keyboard.press("Control+Home");
      await window.keyboard.type(draft);
      await window.waitForTimeout(600);
    }
    for (const window of windows) await window.close();
    const openWindows = () => page.evaluate(() => navigator.locks.query().then(({ held }) => held.length));
    await until(async () => (await openWindows()) === 1, "the browser has ended both");
    const { window } = await another(/^second again mine/, "not saved last time");
    await window.keyboard.press("Control+S");
    await until(() => String(disk("a.txt")).startsWith("second again mine"), "the newer one is saved");
    await window.getByRole("button", { name: "Show them" }).click();
    await window.getByText(/^first again mine/).waitFor();
    await window.getByRole("button", { name: "Keep mine" }).click();
    await until(() => String(disk("a.txt")).startsWith("first again mine"), "and the other one, too");
    await window.close();
  },
  "a draft of a window that is closed is offered to the others": async () => {
    const [writer, reader] = [await context.newPage(), await context.newPage()];
    for (const window of [writer, reader]) {
      await window.goto(page.url());
      await window.getByText(/^first again mine/).waitFor();
      if (window === reader) continue;
      await window.locator(".file-pane:not([hidden]) .cm-content").click();
      await window.keyboard.press("Control+Home");
      await window.keyboard.type("late ");
      await window.waitForTimeout(600);
    }
    await writer.close();
    await reader.getByText("Another window left changes").waitFor();
    await reader.getByRole("button", { name: "Discard them" }).click();
    await reader.close();
  },
  "what was typed just before a reload is there after it": async () => {
    page.once("dialog", (dialog) => dialog.accept());
    await write("last ");
    await page.reload();
    await waitForState(page, "ready");
    await front(".cm-content").getByText("last first again").waitFor();
    await press("Control+S");
    await until(() => String(disk("a.txt")).startsWith("last "), "saved");
  },
  "bytes and large texts are paged": async () => {
    await open("bytes.bin");
    await front(".hex pre").getByText("00000000").waitFor();
    await open("huge.log");
    await front(".page-field").fill("50%");
    await press("Enter");
    await front(".page-bar").getByText(/^11,/).waitFor();
  },
  "Markdown beside its source, without its scripts": async () => {
    await open("notes.md");
    await page.getByRole("button", { name: "Preview" }).click();
    await front(".markdown h1").waitFor();
    await page.waitForFunction(() => document.querySelector(".markdown img")?.naturalWidth > 0);
    assert.equal(await page.locator(".markdown script").count(), 0);
  },
  pictures: async () => {
    await open("picture.svg");
    await page.waitForFunction(() => document.querySelector(".picture img")?.naturalWidth === 40);
  },
  "an upload survives a lost connection": async () => {
    const big = randomBytes(60_000_000);
    await limit(false, 30_000_000);
    writeFileSync(`${home}.upload`, big);
    await pick([`${home}.upload`], "Upload files");
    await page.waitForTimeout(700);
    await limit(true, 0);
    await says("goes on when the connection is back");
    await limit(false, -1);
    const name = `${home}.upload`.split("/").at(-1);
    await until(() => existsSync(at(name)) && disk(name).equals(big), "uploaded");
    await waitForState(page, "ready");
  },
  "an upload that is stopped while the connection is lost leaves nothing": async () => {
    const parts = () => readdirSync(home).filter((name) => name.startsWith(".") && name.includes("stopped.bin"));
    writeFileSync(`${home}.stopped.bin`, randomBytes(60_000_000));
    await limit(false, 10_000_000);
    await pick([`${home}.stopped.bin`], "Upload files");
    await until(() => parts().length === 1, "it begins");
    await limit(true, 0);
    await says("goes on when the connection is back");
    await page.getByRole("button", { name: "Stop uploading" }).click();
    assert.equal(parts().length, 1);
    await limit(false, -1);
    await until(() => parts().length === 0, "the server has forgotten it");
    await waitForState(page, "ready");
  },
  "a folder with all that is in it is uploaded by the picker": async () => {
    const source = `${home}.folder`;
    mkdirSync(join(source, "inner/deep"), { recursive: true });
    const content = { "empty.txt": "", "inner/one.txt": "one\n", "inner/deep/two é.txt": "two\n", "inner/deep/.hidden": "" };
    for (const [name, text] of Object.entries(content)) writeFileSync(join(source, name), text);
    const { height } = await page.locator(".tree").boundingBox();
    await page.locator(".tree").click({ position: { x: 50, y: height - 5 }, button: "right" });
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("menuitem", { name: "Upload a folder…" }).click(),
    ]);
    await chooser.setFiles(source);
    const name = source.split("/").at(-1);
    for (const [place, text] of Object.entries(content))
      await until(() => existsSync(at(`${name}/${place}`)) && String(disk(`${name}/${place}`)) === text, place);
    await item(`${name}, folder`).waitFor();
    await says("Uploaded 4 files");
  },
  downloads: async () => {
    await item("crlf.txt").click({ button: "right" });
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "Download" }).click(),
    ]);
    assert.deepEqual(readFileSync(await file.path()), disk("crlf.txt"));
    await item("one, folder").click({ button: "right" });
    const [zip] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "Download" }).click(),
    ]);
    assert.equal(zip.suggestedFilename(), "one.zip");
  },
  "a text is where it was left": async () => {
    put("long.txt", Array.from({ length: 2000 }, (_, at) => `line ${at + 1}\n`).join(""));
    await open("long.txt");
    await front(".cm-content").click();
    for (let pages = 0; pages < 8; pages++) await press("PageDown");
    const place = () => front("").getByText(/^Line \d+, column \d+$/).innerText();
    const first = () =>
      front("").evaluate((pane) => {
        const { top } = pane.querySelector(".cm-scroller").getBoundingClientRect();
        const isVisible = (line) => line.getBoundingClientRect().bottom > top + 4;
        return [...pane.querySelectorAll(".cm-line")].find(isVisible)?.textContent;
      });
    const before = [await place(), await first()];
    await page.reload();
    await waitForState(page, "ready");
    await until(async () => (await place()) === before[0] && (await first()) === before[1], `again ${before}`);
  },
  "open files come back": async () => {
    const names = await page.locator(".tab-file").allInnerTexts();
    await page.reload();
    await waitForState(page, "ready");
    await page
      .locator(".tab-file")
      .nth(names.length - 1)
      .waitFor();
    assert.deepEqual(await page.locator(".tab-file").allInnerTexts(), names);
  },
};

try {
  await page.goto(url);
  await waitForState(page, "ready");
  await press("Alt+Shift+B");
  await item("a.txt").waitFor();
  for (const [name, step] of Object.entries(steps)) {
    await step().catch(async (error) => {
      if (folder) await page.screenshot({ path: join(folder, "failed.png") });
      throw new Error(`${name}: ${error.message}`);
    });
    if (folder) await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`) });
    console.log(`ok ${name}`);
  }
  const expected = /ERR_INTERNET_DISCONNECTED|WebSocket connection/;
  assert.deepEqual(
    said.filter((line) => !expected.test(line)),
    [],
    "the console is not empty",
  );
} catch (error) {
  console.error(error.message, said);
  process.exitCode = 1;
} finally {
  await Promise.race([browser.close(), new Promise((resolve) => setTimeout(resolve, 3000))]);
  process.exit();
}

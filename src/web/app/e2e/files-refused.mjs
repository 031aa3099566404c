/**
 * What goes wrong with files, and how they are shown, against a real server:
 * `node e2e/files-refused.mjs PLACE URL HOME [SCREENSHOT_DIR]`.
 *
 * HOME is the server's home directory as this process sees it. PLACE is one of
 * - `plain`: sorting and filtering, previews, UTF-16, and what is deleted or
 *   removed under the page;
 * - `full`: `~/d` is a small disk, and no directory can be watched;
 * - `user`: the server is another user's, while this process may write all.
 *
 * Each step is judged by what lies on disk. Prints one line for each step that
 * went well; fails at the first that does not.
 */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openPage, waitForState, waitsOn } from "./browser.mjs";

const [place, url, home, folder] = process.argv.slice(2);
assert.ok(place && url && home, "usage: files-refused.mjs PLACE URL HOME [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

/** The windows whose pictures are taken, in CSS pixels. */
const WIDTHS = [1280, 820, 390];

const at = (name) => join(home, name);
const disk = (name) => readFileSync(at(name));
const put = (name, content) => writeFileSync(at(name), content);

const { browser, page, said } = await openPage();
const { until, settle } = waitsOn(page);
const item = (name) => page.getByRole("treeitem", { name, exact: true });
const front = (selector) => page.locator(`.file-pane:not([hidden]) ${selector}`);
const button = (name) => page.getByRole("button", { name, exact: true });
const says = (text) => page.getByText(text).first().waitFor();
const press = (key) => page.keyboard.press(key);
const status = () => front(".status-line [role=status]").innerText();

/** Photographs the page in every width. */
async function shoot(name) {
  if (!folder) return;
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await page.waitForTimeout(200);
    const path = (what) => join(folder, `${place}-${name.replace(/\W+/g, "-")}-${width}${what}.png`);
    await page.screenshot({ path: path("") });
    if (width > 640 || (await page.getByRole("dialog").count()) > 0) continue;
    // The files cover all of a phone.
    await press("Alt+Shift+B");
    await page.screenshot({ path: path("-file") });
    await press("Alt+Shift+B");
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 800 });
}

/** Clicks a row, when none comes or goes any more under the pointer. */
async function click(name) {
  await settle();
  await item(name).click();
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

/** Answers the dialog that asks where to save. */
async function saveAs(path) {
  const dialog = page.getByRole("dialog", { name: "Save as" });
  await dialog.getByRole("textbox").fill(path);
  await press("Enter");
  return dialog;
}

/** Makes a picture of 40 × 20 pixels as the browser writes it. */
async function picture(type) {
  const data = await page.evaluate((wanted) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 20 });
    canvas.getContext("2d").fillRect(0, 0, 20, 20);
    return canvas.toDataURL(wanted);
  }, type);
  return Buffer.from(data.slice(data.indexOf(",") + 1), "base64");
}

/** The smallest PDF that has a page. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
`;

const utf16 = (text) => Buffer.from(`\ufeff${text}`, "utf16le");

const plain = {
  before: () => {
    mkdirSync(at("rows"));
    for (const [name, size, age] of [
      ["apple.bin", 30, 200],
      ["cherry.bin", 10, 100],
      ["banana.bin", 20, 300],
    ]) {
      put(`rows/${name}`, Buffer.alloc(size));
      const time = Date.now() / 1000 - age;
      utimesSync(at(`rows/${name}`), time, time);
    }
    mkdirSync(at("comes and goes"));
    put("comes and goes/first.txt", "");
    put("gone.txt", "only here\n");
    put("wide.txt", utf16("größe\r\n"));
    put("page.pdf", PDF);
  },
  "every column sorts, both ways": async () => {
    await click("rows, folder");
    await item("apple.bin").waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    const edge = await page.locator(".splitter").boundingBox();
    await page.mouse.move(edge.x + edge.width / 2, 400);
    await page.mouse.down();
    await page.mouse.move(560, 400, { steps: 4 });
    await page.mouse.up();
    const names = async () => {
      const shown = await page.locator(".row .row-name").allInnerTexts();
      return shown.filter((name) => name.endsWith(".bin")).map((name) => name[0]);
    };
    for (const [column, rising] of [
      ["Size", "cba"],
      ["Changed", "bac"],
      ["Name", "abc"],
    ]) {
      const seen = new Set();
      for (const _ of "12") {
        await page.locator(".column", { hasText: column }).click();
        const arrow = (await page.locator(".column", { hasText: column }).innerText()).includes("↓") ? "↓" : "↑";
        const expected = arrow === "↑" ? rising : [...rising].reverse().join("");
        await until(async () => (await names()).join("") === expected, `${column} ${arrow}`);
        seen.add(arrow);
      }
      assert.equal(seen.size, 2, `${column} has two directions`);
    }
  },
  "the filter leaves what holds its text, and Escape brings all back": async () => {
    const filter = page.getByRole("textbox", { name: "Show only names that hold" });
    await filter.fill("NAN");
    await item("apple.bin").waitFor({ state: "detached" });
    await item("banana.bin").waitFor();
    await filter.fill("nothing has this");
    await says("No name here holds");
    await press("Escape");
    await item("apple.bin").waitFor();
    await click("rows, folder");
  },
  "raster pictures and PDF are shown": async () => {
    put("dots.png", await picture("image/png"));
    put("dots.jpeg", await picture("image/jpeg"));
    for (const name of ["dots.png", "dots.jpeg"]) {
      await open(name);
      await page.waitForFunction(
        () => document.querySelector(".file-pane:not([hidden]) .picture img")?.naturalWidth === 40,
      );
      await front(".status-line").getByText("40 × 20").waitFor();
    }
    const answer = page.waitForResponse((response) => response.url().includes("/files/get"));
    await open("page.pdf");
    const { type, status: code } = await answer.then(async (response) => ({
      type: response.headers()["content-type"],
      status: response.status(),
    }));
    assert.deepEqual([type, code], ["application/pdf", 200]);
    await front("iframe.pdf").waitFor();
  },
  "UTF-16 is edited and stays": async () => {
    await open("wide.txt");
    await front(".status-line").getByText("UTF-16 LE").waitFor();
    await write("große ");
    await press("Control+S");
    await until(() => disk("wide.txt").equals(utf16("große größe\r\n")), "saved");
  },
  "the text of a deleted file is not saved, and not lost": async () => {
    await open("gone.txt");
    await front(".cm-content").getByText("only here").waitFor();
    rmSync(at("gone.txt"));
    await says("This file is no longer on disk");
    await until(async () => (await status()) === "Not saved", "the status line says so");
    await shoot("deleted");
    await press("Alt+Shift+W");
    await says("only this tab has its text");
    await shoot("deleted and closed");
    await button("Keep open").click();
    const asked = page.waitForEvent("dialog").then((dialog) => dialog.accept());
    await page.reload();
    await asked;
    await waitForState(page, "ready");
    await front(".cm-content").getByText("only here").waitFor();
    await says("This file is no longer on disk");
    await press("Control+S");
    await until(() => existsSync(at("gone.txt")) && String(disk("gone.txt")) === "only here\n", "made again");
    await until(async () => (await status()) === "Saved", "the status line says so");
    await press("Alt+Shift+W");
    await page.locator(".tab-file").getByText("gone.txt").waitFor({ state: "detached" });
  },
  "a directory that is made again is shown again": async () => {
    await click("comes and goes, folder");
    await page.getByRole("treeitem", { name: "comes and goes, folder" }).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Show only this folder" }).click();
    await item("rows, folder").waitFor({ state: "detached" });
    await item("first.txt").waitFor();
    rmSync(at("comes and goes"), { recursive: true });
    await says("This directory is gone");
    mkdirSync(at("comes and goes"));
    put("comes and goes/second.txt", "");
    await item("second.txt").waitFor();
    put("comes and goes/third.txt", "");
    await item("third.txt").waitFor();
  },
};

const full = {
  before: () => put("d/notes.txt", "old text\n"),
  "without inotify the page says so, and changes show": async () => {
    await click("d, folder");
    await item("notes.txt").waitFor();
    await says("inotify watches are used up");
    put("d/live.txt", "x");
    await item("live.txt").waitFor();
    rmSync(at("d/live.txt"));
    await item("live.txt").waitFor({ state: "detached" });
    await shoot("polling");
  },
  "a full disk keeps the old file, and the page the text": async () => {
    await open("notes.txt");
    await write("new ");
    assert.throws(() => {
      for (;;) appendFileSync(at("d/filler"), Buffer.alloc(4096));
    }, /ENOSPC/);
    await press("Control+S");
    await says("The disk is full: nothing was written");
    assert.equal(String(disk("d/notes.txt")), "old text\n");
    assert.equal(await status(), "Not saved");
    await front(".cm-content").getByText("new old text").waitFor();
    await shoot("full");
    const asked = page.waitForEvent("dialog").then((dialog) => dialog.accept());
    await page.reload();
    await asked;
    await waitForState(page, "ready");
    await front(".cm-content").getByText("new old text").waitFor();
    await press("Control+S");
    await says("The disk is full: nothing was written");
    rmSync(at("d/filler"));
    await button("Try again").click();
    await until(() => String(disk("d/notes.txt")) === "new old text\n", "saved");
    await until(async () => (await status()) === "Saved", "the status line says so");
  },
};

const user = {
  before: () => {
    put("d/readonly.txt", "root's\n");
    chmodSync(at("d/readonly.txt"), 0o644);
    put("d/taken.txt", "taken\n");
    chmodSync(at("d/taken.txt"), 0o666);
    mkdirSync(at("d/closed"));
    put("d/closed/inside.txt", "");
    put("d/secret.txt", "root's alone\n");
    chmodSync(at("d/secret.txt"), 0o600);
    mkdirSync(at("d/unlisted"), { mode: 0o700 });
  },
  "what may not be read says so": async () => {
    await click("d, folder");
    await click("unlisted, folder");
    await says(/this user may not/);
    await shoot("unlisted");
    await click("unlisted, folder");
    await settle();
    await item("secret.txt").dblclick();
    await front("").getByText(/this user may not/).waitFor();
    await shoot("secret");
    await page.getByRole("combobox", { name: "Directory" }).fill("~/d/unlisted");
    await press("Enter");
    await page.locator(".path-problem").getByText(/this user may not/).waitFor();
    await press("Escape");
    await click("d, folder");
  },
  "a file that may not be written is saved as another": async () => {
    await click("d, folder");
    await open("readonly.txt");
    await until(async () => (await status()) === "Not writable", "the status line says so");
    await write("mine and ");
    await says("You may not write this file");
    await press("Control+S");
    await says("Not saved: cannot save");
    assert.equal(await button("Save as…").count(), 1);
    await shoot("refused");
    await button("Save as…").click();
    await saveAs("mine.txt");
    await until(() => existsSync(at("d/mine.txt")), "saved");
    assert.equal(String(disk("d/mine.txt")), "mine and root's\n");
    assert.equal(String(disk("d/readonly.txt")), "root's\n");
    await page.locator(".tab-selected").getByText("mine.txt", { exact: true }).waitFor();
    await until(async () => (await status()) === "Saved", "the status line says so");
    await write("still ");
    await press("Control+S");
    await until(() => String(disk("d/mine.txt")).startsWith("still mine"), "and is that file");
  },
  "what is there is replaced only after a yes": async () => {
    await press("Control+Shift+S");
    const dialog = await saveAs("taken.txt");
    await dialog.getByText("exists").waitFor();
    await shoot("exists");
    await press("Enter");
    assert.equal(String(disk("d/taken.txt")), "taken\n");
    await button("Replace it").click();
    await until(() => String(disk("d/taken.txt")).startsWith("still mine"), "replaced");
    await page.locator(".tab-selected").getByText("taken.txt", { exact: true }).waitFor();
  },
  "a path may begin at the home, and what is wrong with it is said": async () => {
    await press("Control+Shift+S");
    const dialog = await saveAs("closed/new.txt");
    await dialog.getByText("may not change the directory").waitFor();
    await saveAs("../no such/new.txt");
    await dialog.getByText("no such file or directory").waitFor();
    await saveAs("~/at home.txt");
    await until(() => existsSync(at("at home.txt")), "saved");
    await dialog.waitFor({ state: "detached" });
  },
  "a directory that lets nothing go is named": async () => {
    await click("closed, folder");
    await click("inside.txt");
    await page.locator(".tree").focus();
    await press("Delete");
    await says("may not change the directory");
    await shoot("closed");
    assert.ok(existsSync(at("d/closed/inside.txt")));
  },
};

const { before, ...steps } = { plain, full, user }[place];
try {
  before();
  await page.goto(url);
  await waitForState(page, "ready");
  await press("Alt+Shift+B");
  await page.getByRole("treeitem").first().waitFor();
  for (const [name, step] of Object.entries(steps)) {
    await step().catch(async (error) => {
      if (folder) await page.screenshot({ path: join(folder, "failed.png") });
      throw new Error(`${name}: ${error.message}`);
    });
    console.log(`ok ${name}`);
  }
  // A refused save is an answer of the server, which the browser tells too.
  const expected = /status of (403|404|412|507)/;
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

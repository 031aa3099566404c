/**
 * The settings on the page, against a real server:
 * `node e2e/settings.mjs URL CONFIG_FILE [SCREENSHOT_DIR]`.
 *
 * By the keyboard alone, as far as it goes; each step is judged by the file and
 * by the page. Prints one line for each step that went well; fails at the first
 * that does not.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPage, waitForState, waitsOn } from "./browser.mjs";

const [url, file, folder] = process.argv.slice(2);
assert.ok(url && file, "usage: settings.mjs URL CONFIG_FILE [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

const { browser, page, said } = await openPage();
const { until } = waitsOn(page);
const text = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
const dialog = page.getByRole("dialog", { name: "Settings" });
const field = (name) => dialog.getByLabel(name, { exact: true });
const setting = (key) => dialog.locator(`[data-key=${key}]`);
const fontSize = () => page.evaluate(() => getComputedStyle(document.querySelector(".xterm-rows")).fontSize);
const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
const press = (key) => page.keyboard.press(key);

async function shoot(name) {
  if (!folder) return;
  for (const [width, height] of [[1280, 800], [820, 1100], [390, 800]]) {
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(folder, `settings-${name}-${width}.png`) });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

async function step(name, run) {
  await run();
  console.log(`ok ${name}`);
}

try {
  await page.goto(url);
  await waitForState(page, "ready");

  await step("Ctrl+, opens them in the first field", async () => {
    await press("Control+Comma");
    await field("Site name").waitFor();
    assert.equal(await field("Site name").evaluate((it) => it === document.activeElement), true);
    await shoot("open");
  });

  await step("a name is saved by Enter and names the page", async () => {
    await page.keyboard.type("lab");
    await press("Enter");
    await until(() => text().includes('site_name = "lab"'), "the file has it");
    await until(async () => (await page.title()).includes("lab"), "the title has it");
    await until(async () => (await page.locator(".where-name").innerText()) === "lab", "the bar has it");
  });

  await step("a choice is saved at once and changes the page", async () => {
    await field("Theme").selectOption("dark");
    await until(() => text().includes('theme = "dark"'), "the file has it");
    await until(async () => (await theme()) === "dark", "the page follows");
    await shoot("dark");
  });

  await step("a number is saved by leaving it and changes terminals", async () => {
    await field("Terminal font size").fill("20");
    await press("Tab");
    await until(() => text().includes("terminal_font_size = 20"), "the file has it");
    await until(async () => (await fontSize()) === "20px", "terminals have it");
  });

  await step("what is wrong stands beside its field and is not saved", async () => {
    const before = text();
    await field("Terminal font size").fill("99");
    await press("Enter");
    await setting("terminal_font_size").getByText("A whole number from 8 to 32.").waitFor();
    assert.equal(await field("Terminal font size").getAttribute("aria-invalid"), "true");
    await field("Host").fill("0.0.0.0");
    await press("Enter");
    await setting("host").getByText("a name or address under which browsers reach this machine").waitFor();
    assert.equal(text(), before);
    await shoot("wrong");
    await field("Host").fill("");
    await press("Enter");
    await field("Terminal font size").fill("20");
    await press("Enter");
    await until(async () => (await dialog.getByRole("alert").count()) === 0, "nothing is wrong any more");
  });

  await step("what needs a restart says so", async () => {
    await field("Port").fill("6061");
    await press("Enter");
    await setting("port").getByText("holds after a restart").waitFor();
    await dialog.getByText("cocalc-plus serve --daemon-stop").waitFor();
    await shoot("restart");
  });

  await step("changes are taken back one by one", async () => {
    const undo = dialog.getByRole("button", { name: "Undo" });
    await undo.click();
    await until(() => !text().includes("port = "), "the port is gone");
    await undo.click();
    await until(() => !text().includes("terminal_font_size"), "the size is gone");
    await until(async () => (await fontSize()) === "14px", "terminals have it");
  });

  await step("a setting goes back to its default", async () => {
    await dialog.getByRole("button", { name: "Reset Theme" }).click();
    await until(() => !text().includes("theme = "), "the file has it no longer");
    await until(async () => (await theme()) === "auto", "the page follows");
  });

  await step("a secret is not shown and not set here", async () => {
    assert.equal(await setting("auth_token").locator("input").count(), 0);
    await setting("auth_token").getByText("cocalc-plus config set auth_token -").waitFor();
  });

  await step("the keyboard stays inside until Escape, then goes to the terminal", async () => {
    for (let at = 0; at < 60; at++) {
      await press("Tab");
      const isInside = await dialog.evaluate((it) => it.contains(document.activeElement));
      assert.ok(isInside, `after ${at + 1} tabs`);
    }
    await press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.keyboard.type("echo back=$((6*7))\n");
    await page.waitForFunction(() => window.__cocalcPlusTerminalText?.().includes("back=42"));
  });

  await step("a file that is broken by hand is named with its line", async () => {
    writeFileSync(file, 'site_name = "lab"\nthema = 1\n');
    await press("Control+Comma");
    await dialog.getByText("line 2: there is no setting").waitFor();
    await shoot("broken");
    await press("Escape");
    writeFileSync(file, 'theme = "dark"\n');
  });

  await step("a page that is loaded again has them", async () => {
    await page.reload();
    await waitForState(page, "ready");
    await until(async () => (await theme()) === "dark", "it is dark");
  });

  assert.deepEqual(said, [], "the console is not empty");
} catch (error) {
  if (folder) await page.screenshot({ path: join(folder, "settings-error.png") }).catch(() => {});
  console.error(error.message, said);
  process.exitCode = 1;
} finally {
  await browser.close();
}

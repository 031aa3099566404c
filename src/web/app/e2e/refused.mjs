/**
 * What may not be read or written, in the page:
 * `node e2e/refused.mjs URL HOME [SCREENSHOT_DIR]`.
 *
 * HOME is the server's home directory on this machine, with `d/closed/`,
 * `d/secret` and `d/readonly` in it, which the server's user may not list, not
 * read, and not write. Prints one line for each thing that says so.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openPage, waitForState } from "./browser.mjs";

const [url, home, folder] = process.argv.slice(2);
assert.ok(url && home, "usage: refused.mjs URL HOME [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });

const { browser, page, said } = await openPage();
const item = (name) => page.getByRole("treeitem", { name, exact: true });
const says = (text) => page.getByText(text).first().waitFor();

const steps = {
  "a directory that cannot be listed": async () => {
    await item("closed, folder").click();
    await says(/this user may not/);
    await item("closed, folder").click();
  },
  "a directory that cannot be listed is not gone to": async () => {
    await page.getByRole("combobox", { name: "Directory" }).fill(join(home, "d/closed"));
    await page.keyboard.press("Enter");
    await says(/this user may not/);
    await page.keyboard.press("Escape");
    await item("secret").waitFor();
  },
  "a file that cannot be read": async () => {
    await item("secret").dblclick();
    await page.locator(".file-pane:not([hidden])").getByText(/this user may not/).waitFor();
  },
  "a file that cannot be written": async () => {
    await item("readonly").dblclick();
    const text = page.locator(".file-pane:not([hidden]) .cm-content");
    await text.getByText("theirs").waitFor();
    await page.locator(".file-pane:not([hidden])").getByText("Not writable").waitFor();
    assert.equal(String(readFileSync(join(home, "d/readonly"))), "theirs\n");
  },
};

try {
  await page.goto(url);
  await waitForState(page, "ready");
  await page.keyboard.press("Alt+Shift+B");
  await item("d, folder").click();
  for (const [name, step] of Object.entries(steps)) {
    await step().catch(async (error) => {
      if (folder) await page.screenshot({ path: join(folder, "failed.png") });
      throw new Error(`${name}: ${error.message}`);
    });
    if (folder) await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-")}.png`) });
    console.log(`ok ${name}`);
  }
  const expected = /status of 403/;
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

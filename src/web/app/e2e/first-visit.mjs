/**
 * A first visit: `node e2e/first-visit.mjs URL SCREENSHOT_DIR [self-signed]`.
 *
 * Opens the printed URL, waits until the page is usable, types in the terminal,
 * reloads and finds the screen again. Fails when the code stays in the URL,
 * the console says anything or a request leaves the machine. Prints one JSON
 * object: `{"ready_ms":412,"reload_ms":180,"final_url":"…","requests":14}`.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { foreign, openPage, terminalText, waitForState, waitForText } from "./browser.mjs";

const [url, folder, certificate] = process.argv.slice(2);
assert.ok(url && folder, "usage: first-visit.mjs URL SCREENSHOT_DIR");
mkdirSync(folder, { recursive: true });
const { browser, page, said, asked } = await openPage({ trustsAnyone: certificate === "self-signed" });

try {
  const began = Date.now();
  await page.goto(url);
  const state = await waitForState(page, "ready", "failed", "signin", "stopped", "needs-auth");
  assert.equal(state, "ready", `the page became \`${state}\`: ${await page.innerText("body")}`);
  const readyMs = Date.now() - began;
  assert.ok(!page.url().includes("auth_token"), `the code is still in the URL: ${page.url()}`);
  await page.screenshot({ path: join(folder, "ready.png") });

  await page.keyboard.type("echo answer=$((6*7))\n");
  await waitForText(page, "answer=42");
  await page.screenshot({ path: join(folder, "typed.png") });

  const reloaded = Date.now();
  await page.reload();
  await waitForState(page, "ready");
  await waitForText(page, "answer=42");
  const reloadMs = Date.now() - reloaded;
  await page.screenshot({ path: join(folder, "reloaded.png") });
  const times = (await terminalText(page)).split("answer=42").length - 1;
  assert.equal(times, 1, `the answer stands ${times} times on screen after the reload`);

  assert.deepEqual(said, [], "the console is not empty");
  assert.deepEqual(foreign(asked, url), [], "a request left the machine");
  const report = { ready_ms: readyMs, reload_ms: reloadMs, final_url: page.url(), requests: asked.length };
  console.log(JSON.stringify(report));
} catch (error) {
  await page.screenshot({ path: join(folder, "error.png") }).catch(() => {});
  console.error(error.message, said);
  process.exitCode = 1;
} finally {
  await browser.close();
}

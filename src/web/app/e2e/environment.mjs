/**
 * A login shell whose startup files fail: `node e2e/environment.mjs URL SCREENSHOT_DIR`.
 *
 * Opens the printed URL, waits for the note about the environment of programs,
 * dismisses it, types, and reloads: it stays away.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openPage, waitForState, waitForText } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);
assert.ok(url && folder, "usage: environment.mjs URL SCREENSHOT_DIR");
mkdirSync(folder, { recursive: true });
const { browser, page, said } = await openPage();
const note = page.locator(".banner", { hasText: "startup files" });

try {
  await page.goto(url);
  await waitForState(page, "ready");
  await note.waitFor();
  const text = await note.innerText();
  assert.match(text, /bash ended while/);
  assert.match(text, /bash -lixc true/);
  await page.screenshot({ path: join(folder, "note.png") });
  await note.getByRole("button", { name: "Dismiss" }).click();
  await note.waitFor({ state: "detached" });

  await page.keyboard.type("echo answer=$((6*7))\n");
  await waitForText(page, "answer=42");

  // By a request, or by the bus if that is up by then.
  const isBus = (socket) => socket.url().endsWith("/conat");
  const byBus = page.waitForEvent("websocket", isBus).then((bus) =>
    bus.waitForEvent("framereceived", ({ payload }) => payload.includes("startup files")),
  );
  const byRequest = page.waitForResponse(
    async (response) => response.url().endsWith("/call") && (await response.text()).includes("startup files"),
  );
  const answered = Promise.any([byBus, byRequest]);
  await page.reload();
  await answered;
  for (const other of [byBus, byRequest]) other.catch(() => {});
  await waitForState(page, "ready");
  await waitForText(page, "answer=42");
  assert.equal(await note.count(), 0, "it came back");
  assert.deepEqual(said, [], "the console is not empty");
} catch (error) {
  await page.screenshot({ path: join(folder, "error.png") }).catch(() => {});
  console.error(error.message, said);
  process.exitCode = 1;
} finally {
  await browser.close();
}

/**
 * What the page shows while it connects: `node e2e/progress.mjs URL [DIR]`.
 *
 * Watches from the first paint until the page is usable or says why not, and
 * prints one JSON object with every state and phase list in the order in which
 * they were seen, milliseconds from the start:
 * `{"final":"ready","states":[[0,"connecting"],[900,"ready"]],"phases":[[120,["authenticate:active"]]],"text":"…"}`.
 * With DIR it keeps a screenshot of each change.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openPage, waitForState } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);
assert.ok(url, "usage: progress.mjs URL [SCREENSHOT_DIR]");
if (folder) mkdirSync(folder, { recursive: true });
const { browser, page, said } = await openPage();
const states = [];
const phases = [];
let shots = 0;

await page.exposeFunction("sawProgress", async (at, state, steps) => {
  const isNew = (list, value) => JSON.stringify(list.at(-1)?.[1]) !== JSON.stringify(value);
  const hasChanged = isNew(states, state) || (steps.length > 0 && isNew(phases, steps));
  if (isNew(states, state)) states.push([at, state]);
  if (steps.length > 0 && isNew(phases, steps)) phases.push([at, steps]);
  if (hasChanged && folder) await page.screenshot({ path: join(folder, `progress-${shots++}.png`) }).catch(() => {});
});
await page.addInitScript(() => {
  const look = () => {
    const root = document.documentElement;
    if (!root) return;
    const steps = [...document.querySelectorAll(".phase")].map((step) => {
      const state = /phase-(pending|active|done|failed)/.exec(step.className)?.[1];
      return `${step.dataset.phase}:${state}`;
    });
    window.sawProgress(Math.round(performance.now()), root.dataset.state ?? "", steps);
  };
  const options = { attributes: true, childList: true, subtree: true };
  new MutationObserver(look).observe(document, { ...options, attributeFilter: ["class", "data-state"] });
});

try {
  await page.goto(url);
  const final = await waitForState(page, "ready", "failed", "signin", "stopped", "needs-auth");
  const text = await page.innerText("#app");
  console.log(JSON.stringify({ final, states, phases, text, console: said }));
} catch (error) {
  console.error(error.message, JSON.stringify({ states, phases }));
  process.exitCode = 1;
} finally {
  await browser.close();
}

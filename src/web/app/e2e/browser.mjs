/**
 * One Chromium page for the end-to-end drivers.
 *
 * `CHROMIUM` names the browser, else it is one of [BROWSERS]. Whatever the page
 * says on its console and asks over the network is recorded from the start.
 */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** Where systems put it; `install/dependencies.sh` accepts the same ones. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(
  (name) => `/usr/bin/${name}`,
);

/** The longest wait for anything, in milliseconds; `E2E_TIMEOUT_MS` changes it. */
export const DEADLINE_MS = Number(process.env.E2E_TIMEOUT_MS ?? 60_000);

const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium and opens an empty page; `trustsAnyone` takes certificates for which nobody vouches. */
export async function openPage({ width = 1280, height = 800, colorScheme = "light", trustsAnyone = false } = {}) {
  const isRoot = process.getuid?.() === 0;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find(existsSync),
    args: isRoot ? [...QUIET, "--no-sandbox"] : QUIET,
  });
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, ignoreHTTPSErrors: trustsAnyone });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const said = [];
  const asked = [];
  page.on("console", (message) => {
    const { url } = message.location();
    said.push(`${message.type()}: ${message.text()} ${URL.canParse(url) ? new URL(url).pathname : ""}`);
  });
  page.on("pageerror", (error) => said.push(`exception: ${error.message}`));
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  return { browser, context, page, said, asked };
}

/** Waits until `<html data-state>` is one of `states`; gives the one it is. */
export async function waitForState(page, ...states) {
  const handle = await page.waitForFunction(
    (wanted) => wanted.includes(document.documentElement.dataset.state) && document.documentElement.dataset.state,
    states,
  );
  return handle.jsonValue();
}

/** Waits of a page on what no element of it says. */
export function waitsOn(page) {
  const until = async (holds, what) => {
    for (let waited = 0; waited < 20_000; waited += 25) {
      if (await holds()) return;
      await page.waitForTimeout(25);
    }
    throw new Error(`never: ${what}`);
  };
  /** Until no row of the tree comes or goes, so that a click lands where it should. */
  const settle = async () => {
    let before = "";
    await until(async () => {
      const now = (await page.locator(".row").allInnerTexts()).join("\n");
      const isSame = now === before;
      before = now;
      if (!isSame) await page.waitForTimeout(250);
      return isSame;
    }, "the tree is at rest");
  };
  return { until, settle };
}

/** The visible text of the selected terminal. */
export function terminalText(page) {
  return page.evaluate(() => window.__cocalcPlusTerminalText?.() ?? "");
}

/** Waits until the selected terminal shows `text`. */
export async function waitForText(page, text) {
  await page.waitForFunction((wanted) => window.__cocalcPlusTerminalText?.().includes(wanted), text);
}

/** The addresses that leave `localhost:PORT` and its subdomains, or the name that was opened. */
export function foreign(asked, url) {
  const { hostname: opened, port } = new URL(url);
  return asked.filter((address) => {
    const { protocol, hostname, port: askedPort } = new URL(address);
    if (protocol === "data:" || protocol === "blob:") return false;
    return !(hostname === opened || /^(?:.+\.)?localhost$/.test(hostname)) || askedPort !== port;
  });
}

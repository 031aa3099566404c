/**
 * The behaviours of `page.mjs` in Chromium: `node behaviours.mjs PAGE SOCKET SIGN_IN`.
 *
 * Opens PAGE, or for `-` an empty page of loopback, from where alone Chromium
 * connects to loopback; connects to SOCKET, a URL or a path of the page's
 * origin, and prints one JSON object. SIGN_IN is JSON: `{"token":"…"}`, or for a
 * page that is signed in the protocol to offer and where its key is kept,
 * `{"protocol":"v1","keyPrefix":"key.","keyName":"key","inboxPrefix":"_INBOX.me"}`.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openPage, waitForState } from "../../src/web/app/e2e/browser.mjs";

const APP = new URL("../../src/web/app/", import.meta.url);
const CLIENT = "@nats-io/nats-core";

const [address, socket, signIn] = process.argv.slice(2);
assert.ok(signIn, "usage: behaviours.mjs PAGE SOCKET SIGN_IN");
const script = await bundled();
const { browser, page } = await openPage();

const empty = createServer((_, response) => response.setHeader("content-type", "text/html").end());

try {
  if (address === "-") {
    await once(empty.listen(0, "127.0.0.1"), "listening");
    await page.goto(`http://127.0.0.1:${empty.address().port}`);
  } else {
    await page.goto(address);
    await waitForState(page, "ready");
  }
  // Evaluated and not added to the page, whose policy allows its own scripts only.
  await page.evaluate(script);
  const report = await page.evaluate(run, { socket, ...JSON.parse(signIn) });
  console.log(JSON.stringify(report));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
  empty.close();
}

/** Runs in the page. */
function run({ socket, token, protocol, keyPrefix, keyName, inboxPrefix }) {
  const url = socket.startsWith("/") ? location.origin.replace(/^http/, "ws") + socket : socket;
  const protocols = protocol ? [protocol, keyPrefix + localStorage.getItem(keyName)] : [];
  return globalThis.reportOf({ url, token, protocols, inboxPrefix });
}

/** `page.mjs` and the client as one script. */
async function bundled() {
  const require = createRequire(APP);
  const { build } = await import(pathToFileURL(require.resolve("vite")));
  const built = await build({
    root: fileURLToPath(APP),
    configFile: false,
    logLevel: "error",
    publicDir: false,
    // The entry lies outside the package that has the client.
    resolve: { alias: { [CLIENT]: require.resolve(CLIENT) } },
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL("page.mjs", import.meta.url)),
        formats: ["iife"],
        name: "behaviours",
      },
    },
  });
  return built[0].output[0].code;
}

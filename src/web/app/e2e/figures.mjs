/**
 * A page that `make bench` drives line by line, as `watch.mjs` does; what it
 * answers is JSON: `node e2e/figures.mjs`.
 *
 * All times are taken in the page, in milliseconds. A key begins at its event's
 * `timeStamp`, so that a page which is too busy to hear it pays for that.
 * *Drawn* is when the emulator has written the rows of the DOM: the frame that
 * shows them is the one in which it did so.
 *
 * | command | does | answers |
 * | --- | --- | --- |
 * | `goto URL` | opens it and waits until it is usable | |
 * | `leave` | shows an empty page | |
 * | `arrive URL` | opens it and waits until it is usable | `{paint, ready}`: the first paint, and when it was usable, since 1970 |
 * | `new` | opens another terminal | |
 * | `type TEXT` | types TEXT and Enter | |
 * | `wait TEXT`, `wait-no TEXT` | until TEXT is drawn, or no longer | |
 * | `rest MS` | does nothing | |
 * | `press KEY TEXT` | presses KEY (`Enter`, `Control+c`) until TEXT is drawn | `{ms, bytes}`: what came meanwhile |
 * | `echo COUNT` | types letters 30 ms apart | an array: key to drawn |
 * | `frames COUNT` | the same | an array: key to the next frame |
 * | `attach TEXT` | reloads on the last terminal, then clicks at the first one until TEXT is drawn | `{clicked, asked}`: from the click, and from asking for its WebSocket |
 * | `reload TEXT` | reloads on the first terminal until TEXT is drawn | `{ms}`: from the navigation's begin |
 * | `show DIR` | shows a directory in the tree, which must hold `first of DIR` | Enter to its row |
 * | `create PATH` | makes a file that the tree must show first | made to its row |
 * | `scroll COUNT`, `scroll-empty COUNT` | turns the wheel over the tree, or over an empty box as tall | an array: frame to frame |
 * | `cold URL` | opens it in a browser of its own with a fresh profile | `{ready, paint, paint_bytes, bytes}` |
 * | `cold-ttyd URL` | the same of ttyd's page, to the first text in its terminal | `{ready}` |
 * | `cold-empty URL` | the same, to the load event | `{ready}` |
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { openPage, waitForState } from "./browser.mjs";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Between two keys. */
const PACE_MS = 30;

/** Letters before those that count: they tell this line from all others. */
const LEAD = 8;

/** One step of the wheel, as mice have it. */
const WHEEL_PX = 120;

/** How long a new browser rests before it is asked for something. */
const REST_MS = 1000;

/** Runs in every document before its own scripts. */
function instrument() {
  const WANTED = "figures-wanted";
  const counted = { bytes: 0, asked: 0, ready: 0 };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(url, protocols) {
      super(url, protocols);
      if (!new URL(url).pathname.startsWith("/terminal/")) return;
      counted.asked = performance.now();
      this.addEventListener("message", ({ data }) => (counted.bytes += data.byteLength ?? data.length));
    }
  };
  // Told instead of asked for: what asks in every frame takes time from the page.
  const arrived = new Promise((resolve) => {
    new MutationObserver(() => {
      const state = document.documentElement?.dataset.state;
      if (state === "ready") counted.ready ||= performance.now();
      if (["ready", "failed", "signin"].includes(state)) resolve(state);
    }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
  });

  const rows = () => document.querySelector(".pane:not([hidden]) .xterm-rows");
  const text = () => rows()?.textContent ?? "";

  /** Calls `look` with the time and the rows now and whenever something was drawn, until it says true. */
  const onDrawn = (look, where = rows() ?? document) => {
    const done = () => look(performance.now(), text());
    if (done()) return;
    const observer = new MutationObserver(() => done() && observer.disconnect());
    observer.observe(where, { childList: true, characterData: true, subtree: true });
  };
  const drawn = (wanted, where) =>
    new Promise((resolve) => onDrawn((at, shown) => shown.includes(wanted) && (resolve(at), true), where));

  /** What `pressed` makes of the next `type` of event that `isIt`. */
  const at = (type, isIt, pressed) =>
    new Promise((resolve) => {
      const heard = (event) => {
        if (!isIt(event)) return;
        removeEventListener(type, heard, { capture: true });
        resolve(pressed(event.timeStamp));
      };
      addEventListener(type, heard, { capture: true });
    });

  window.figures = {
    counted,
    arrived,
    text,
    expect: (name, wanted) => {
      if (text().includes(wanted)) throw new Error(`${wanted} is drawn before the key`);
      window.figures.result = at("keydown", ({ key }) => key === name, async (begun) => {
        const before = counted.bytes;
        return { ms: (await drawn(wanted)) - begun, bytes: counted.bytes - before };
      });
    },
    expectAtClick: (wanted) => {
      window.figures.result = at("click", () => true, async (begun) => {
        const end = await drawn(wanted, document);
        return { clicked: end - begun, asked: end - counted.asked };
      });
    },
    echo: (line, lead) => {
      const pressed = [];
      const taken = [];
      const heard = (event) => pressed.push(event.timeStamp);
      addEventListener("keydown", heard, { capture: true });
      window.figures.result = new Promise((resolve) => {
        let next = 0;
        onDrawn((at, shown) => {
          while (next < line.length && shown.includes(line.slice(0, Math.max(lead, next + 1)))) {
            if (next >= lead) taken.push(at - pressed[next]);
            next++;
          }
          if (next < line.length) return false;
          removeEventListener("keydown", heard, { capture: true });
          resolve(taken);
          return true;
        });
      });
    },
    frames: (line, lead) => {
      const taken = [];
      window.figures.result = new Promise((resolve) => {
        let count = 0;
        const heard = ({ timeStamp }) => {
          if (count++ < lead) return;
          requestAnimationFrame(() => {
            taken.push(performance.now() - timeStamp);
            if (taken.length < line.length - lead) return;
            removeEventListener("keydown", heard, { capture: true });
            resolve(taken);
          });
        };
        addEventListener("keydown", heard, { capture: true });
      });
    },
    /** The moment at which the tree has a row of that name, since 1970. */
    expectRow: (name) => {
      const isThere = () => document.querySelector(`.tree [aria-label="${name}"]`);
      window.figures.result = new Promise((resolve) => {
        const look = () => isThere() && (observer.disconnect(), resolve(performance.timeOrigin + performance.now()));
        const observer = new MutationObserver(look);
        observer.observe(document, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
        look();
      });
    },
    /** Covers the tree with a box as tall that has nothing in it. */
    coverTree: () => {
      const tree = document.querySelector(".tree");
      const { left, top, width, height } = tree.getBoundingClientRect();
      const box = document.body.appendChild(document.createElement("div"));
      Object.assign(box.style, { position: "fixed", overflow: "auto", contain: "strict", zIndex: 99 });
      Object.assign(box.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
      box.appendChild(document.createElement("div")).style.height = `${tree.scrollHeight}px`;
      window.figures.uncoverTree = () => box.remove();
    },
    watchFrames: () => {
      const frames = [];
      let isOver = false;
      const frame = (at) => (frames.push(at), isOver || requestAnimationFrame(frame));
      requestAnimationFrame(frame);
      window.figures.framesOver = () => {
        isOver = true;
        return frames.slice(1).map((at, before) => at - frames[before]);
      };
    },
    wantAfterReload: (wanted) => sessionStorage.setItem(WANTED, wanted),
  };
  let wanted = null;
  try {
    wanted = sessionStorage.getItem(WANTED);
  } catch {
    // An empty page has none.
  }
  if (wanted !== null) {
    sessionStorage.removeItem(WANTED);
    window.figures.result = drawn(wanted).then((ms) => ({ ms }));
  }
}

const { browser, page } = await openPage();
await page.addInitScript(instrument);

/** The tab of the first or last terminal. */
const terminal = (which) => page.getByRole("tab")[which]();

const result = () => page.evaluate(() => window.figures.result);

/** A line that no other line begins like. */
function randomLine(count) {
  return Array.from({ length: LEAD + count }, () => LETTERS[Math.floor(Math.random() * LETTERS.length)]).join("");
}

async function typePaced(line) {
  let next = performance.now();
  for (const letter of line) {
    await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
    next += PACE_MS;
    await page.keyboard.press(letter);
  }
}

async function keys(kind, count) {
  const line = randomLine(Number(count));
  await page.evaluate(([kind, line, lead]) => window.figures[kind](line, lead), [kind, line, LEAD]);
  await typePaced(line);
  const taken = await result();
  await page.keyboard.press("Enter");
  return taken;
}

/** Turns the wheel over what lies where the tree is, one step a frame. */
async function turnWheel(count) {
  await page.locator(".tree").evaluate((tree) => (tree.scrollTop = 0));
  const { x, y, width, height } = await page.locator(".tree").boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.evaluate(() => window.figures.watchFrames());
  for (let turned = 0; turned < Number(count); turned++) {
    await page.mouse.wheel(0, WHEEL_PX);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  return page.evaluate(() => window.figures.framesOver());
}

/** Waits for a row of the tree after `perform`; in milliseconds. */
async function untilRow(name, perform) {
  await page.evaluate((name) => window.figures.expectRow(name), name);
  const begun = performance.timeOrigin + performance.now();
  await perform();
  return (await result()) - begun;
}

/** Opens a URL in a browser of its own and gives what `usable` says of it. */
async function inFreshBrowser(url, usable) {
  const fresh = await openPage();
  try {
    const begun = [];
    await fresh.page.exposeBinding("figuresBegun", (_, at) => void begun.push(at));
    await fresh.page.addInitScript(() => location.protocol === "http:" && window.figuresBegun(performance.timeOrigin));
    await fresh.page.addInitScript(instrument);
    const devtools = await fresh.context.newCDPSession(fresh.page);
    const loads = [];
    const paints = [];
    devtools.on("Network.loadingFinished", (load) => loads.push(load));
    devtools.on("Page.lifecycleEvent", ({ name, timestamp }) => name === "firstContentfulPaint" && paints.push(timestamp));
    let opened = null;
    devtools.on("Network.requestWillBeSent", ({ timestamp }) => (opened ??= timestamp));
    await devtools.send("Network.enable");
    await devtools.send("Page.enable");
    await devtools.send("Page.setLifecycleEventsEnabled", { enabled: true });
    await fresh.page.waitForTimeout(REST_MS);
    paints.length = 0;
    await fresh.page.goto(url, { waitUntil: "commit" });
    const at = await usable(fresh.page);
    const bytes = (until) =>
      loads.filter(({ timestamp }) => timestamp <= until).reduce((sum, load) => sum + load.encodedDataLength, 0);
    const [paint] = paints;
    return {
      ready: at - begun[0],
      paint: paint === undefined ? null : (paint - opened) * 1000,
      paint_bytes: paint === undefined ? null : bytes(paint),
      bytes: bytes(Infinity),
    };
  } finally {
    await fresh.browser.close();
  }
}

const commands = {
  goto: async (url) => {
    await page.goto(url);
    assert.equal(await waitForState(page, "ready", "failed", "signin"), "ready");
  },
  leave: () => page.goto("about:blank").then(() => null),
  arrive: async (url) => {
    await page.goto(url, { waitUntil: "commit" });
    assert.equal(await page.evaluate(() => window.figures.arrived), "ready");
    return page.evaluate(() => {
      const [paint] = performance.getEntriesByName("first-contentful-paint");
      const since = (at) => performance.timeOrigin + at;
      return { paint: since(paint.startTime), ready: since(window.figures.counted.ready) };
    });
  },
  new: async () => {
    const before = await page.getByRole("tab").count();
    await page.getByRole("button", { name: "New terminal" }).click();
    await page.getByRole("tab").nth(before).waitFor();
  },
  type: async (line) => {
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  },
  wait: (wanted) => page.waitForFunction((wanted) => window.figures.text().includes(wanted), wanted).then(() => null),
  "wait-no": (unwanted) =>
    page.waitForFunction((unwanted) => !window.figures.text().includes(unwanted), unwanted).then(() => null),
  rest: (ms) => page.waitForTimeout(Number(ms)),
  press: async (line) => {
    const [, key, wanted] = /^(\S+) (.*)$/.exec(line);
    await page.evaluate(([name, wanted]) => window.figures.expect(name, wanted), [key.split("+").at(-1), wanted]);
    await page.keyboard.press(key);
    return result();
  },
  echo: (count) => keys("echo", count),
  frames: (count) => keys("frames", count),
  attach: async (wanted) => {
    await terminal("last").click();
    await page.reload();
    await waitForState(page, "ready");
    await page.evaluate((wanted) => window.figures.expectAtClick(wanted), wanted);
    await terminal("first").click();
    return result();
  },
  reload: async (wanted) => {
    await terminal("first").click();
    await page.evaluate((wanted) => window.figures.wantAfterReload(wanted), wanted);
    await page.reload();
    const taken = await result();
    await waitForState(page, "ready");
    return taken;
  },
  show: async (dir) => {
    const field = page.getByRole("combobox", { name: "Directory" });
    if (!(await field.isVisible())) await page.keyboard.press("Alt+Shift+B");
    await field.fill(dir);
    return untilRow(`first of ${basename(dir)}, folder`, () => page.keyboard.press("Enter"));
  },
  create: (path) => untilRow(basename(path), () => writeFileSync(path, "")),
  scroll: turnWheel,
  "scroll-empty": async (count) => {
    await page.evaluate(() => window.figures.coverTree());
    const frames = await turnWheel(count);
    await page.evaluate(() => window.figures.uncoverTree());
    return frames;
  },
  cold: (url) =>
    inFreshBrowser(url, async (fresh) => {
      assert.equal(await waitForState(fresh, "ready", "failed"), "ready");
      return fresh.evaluate(() => performance.timeOrigin + window.figures.counted.ready);
    }),
  "cold-ttyd": (url) =>
    inFreshBrowser(url, async (fresh) => {
      const isDrawn = () => window.term?.buffer.active.getLine(0)?.translateToString(true) && performance.now();
      const at = await fresh.waitForFunction(isDrawn, null, { polling: "raf" });
      return (await fresh.evaluate(() => performance.timeOrigin)) + (await at.jsonValue());
    }),
  "cold-empty": (url) =>
    inFreshBrowser(url, async (fresh) => {
      await fresh.waitForLoadState("load");
      return fresh.evaluate(() => performance.timeOrigin + performance.getEntriesByType("navigation")[0].loadEventEnd);
    }),
};

console.log("ok open");
for await (const line of createInterface({ input: process.stdin })) {
  const [, name, rest] = /^(\S*)\s?(.*)$/s.exec(line);
  try {
    assert.ok(Object.hasOwn(commands, name), `no such command: ${name}`);
    console.log(`ok ${JSON.stringify((await commands[name](rest)) ?? null)}`);
  } catch (error) {
    const text = await page.evaluate(() => window.figures?.text()).catch(() => "?");
    console.log(`error ${error.message.split("\n")[0]} (drawn: ${JSON.stringify(text?.slice(-300))})`);
  }
}
await browser.close();

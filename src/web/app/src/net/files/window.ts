/**
 * Which window (or tab) of this browser this page is, and which others are open.
 *
 * Its name lies in the session's storage, so it stays over a reload; a lock
 * that lives as long as the page tells the others that it is open. A tab that
 * was duplicated finds its name locked and takes another.
 */

import { recall, remember } from "../storage";

const PREFIX = "cocalc-plus.window.";

/** The longest wait for a page to go whose name this one may take on, in milliseconds. */
const RELOAD_MS = 3000;

let own: Promise<string> | null = null;

/** This window's name. */
export function thisWindow(): Promise<string> {
  return (own ??= named());
}

/** The names of all open windows; empty where the browser does not tell. */
export async function openWindows(): Promise<ReadonlySet<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : [])));
}

/** Waits until a window is closed, and does not come back as one does that is reloaded. */
export async function windowClosed(name: string): Promise<void> {
  do {
    await navigator.locks.request(PREFIX + name, { mode: "shared" }, () => {});
    await new Promise((resolve) => setTimeout(resolve, RELOAD_MS));
  } while ((await openWindows()).has(name));
}

async function named(): Promise<string> {
  const before = recall("window", "session");
  if (before !== null && (await isOurs(before))) return before;
  const name = [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("");
  remember("window", name, "session");
  await isOurs(name);
  return name;
}

/** Takes the lock of a name until the page goes; `false` when another page has it. */
function isOurs(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const untilGone = () => {
      resolve(true);
      return new Promise<never>(() => {});
    };
    const signal = AbortSignal.timeout(RELOAD_MS);
    if (!navigator.locks) return resolve(true);
    navigator.locks.request(PREFIX + name, { signal }, untilGone).catch(() => resolve(false));
  });
}

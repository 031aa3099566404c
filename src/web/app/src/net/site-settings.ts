/** The server's settings: `/customize`, `settings.get` and `settings.set`. */

import type { Row, Value } from "../model/site-settings";
import { KEY_HEADER, authKey } from "./auth";
import type { CallClient } from "./calls";

/** The longest wait for `/customize`, in milliseconds. */
const ANSWER_MS = 20_000;

/** What `/customize` tells, as far as the page needs it. */
export interface Customize {
  /** The account of whoever is signed in. */
  account: string;
  /** Settings for every page; not there on an older server. */
  settings?: unknown;
}

/** Every setting, and where the file stands. */
export interface Listed {
  file: string;
  settings: readonly Row[];
}

/** Asks what the page shall be like; throws when nobody answers. */
export async function fetchCustomize(): Promise<Customize> {
  const response = await fetch("/customize", {
    headers: { [KEY_HEADER]: authKey() ?? "" },
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`/customize answered ${response.status}`);
  return (await response.json()) as Customize;
}

/** Lists the settings. Throws `CallError`. */
export function getSettings(calls: CallClient, account: string): Promise<Listed> {
  return calls.ask<Listed>(`hub.account.${account}.settings.get`, {}, true);
}

/** Sets one, or takes it out by `null`; setting it twice is setting it once. Throws `CallError`. */
export function setSetting(calls: CallClient, account: string, key: string, value: Value | null): Promise<Listed> {
  return calls.ask<Listed>(`hub.account.${account}.settings.set`, { key, value }, true);
}

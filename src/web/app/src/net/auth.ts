/** Signing this browser in; the shapes of `src/protocol/auth.rs`. */

import { readStatus, type Status } from "../model/status";
import { recall, remember } from "./storage";

/** The request header that carries the key. */
export const KEY_HEADER = "x-cocalc-plus-key";

/** The longest wait for an answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** The longest wait for the probe of `NAME.localhost`, in milliseconds. */
const PROBE_MS = 1500;

/** The answer to `GET /auth/me`. */
export interface Me {
  signed_in: boolean;
  /** The target's slug. */
  name: string;
  /** The origin on which the workspace lives. */
  workspace: string;
  /** Where the connection stands, if this browser is signed in. */
  status: Status | null;
}

/** What a good code gives, besides the key. */
export interface Entry {
  /** Where the connection stands; `null` if the server does not say it here. */
  status: Status | null;
}

let keyWithoutStorage: string | null = null;

/** The key that goes with every request; `null` before sign-in. */
export function authKey(): string | null {
  return recall("key") ?? keyWithoutStorage;
}

/** Asks whether cookie and key are right; throws when nobody answers. */
export async function fetchMe(): Promise<Me> {
  const response = await fetch("/auth/me", request());
  if (!response.ok) throw new Error(`/auth/me answered ${response.status}`);
  const me = (await response.json()) as Me;
  return { ...me, status: readStatus(me.status) };
}

/**
 * Spends a one-time code and keeps the key it gives.
 *
 * `null` when the code was used or is too old; throws when nobody answers.
 */
export async function spendCode(code: string): Promise<Entry | null> {
  const response = await fetch("/auth/code", {
    ...request({ "content-type": "application/json" }),
    method: "POST",
    body: JSON.stringify({ code }),
  });
  if (response.status >= 500) throw new Error(`/auth/code answered ${response.status}`);
  if (!response.ok) return null;
  const { key, status } = (await response.json()) as { key: string; status?: unknown };
  remember("key", key);
  keyWithoutStorage = key;
  return { status: readStatus(status) };
}

/** Whether this browser finds the workspace's own origin (Safari does not). */
export async function resolves(workspace: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS);
    await fetch(`${workspace}/healthz`, { mode: "no-cors", cache: "no-store", credentials: "omit", signal });
    return true;
  } catch {
    return false;
  }
}

/** Calls back when another tab of this origin signs in. */
export function onKeyChange(changed: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === "cocalc-plus.key" && event.newValue) changed();
  };
  addEventListener("storage", listener);
  return () => removeEventListener("storage", listener);
}

function request(headers: Record<string, string> = {}): RequestInit {
  const key = authKey();
  return {
    headers: key ? { ...headers, [KEY_HEADER]: key } : headers,
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),
  };
}

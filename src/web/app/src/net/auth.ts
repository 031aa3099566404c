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
  /** What is signed to come back. */
  challenge?: string;
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

/**
 * Asks whether cookie and key are right, and comes back where the server has
 * been started anew; throws when nobody answers.
 */
export async function fetchMe(): Promise<Me> {
  const response = await fetch("/auth/me", request());
  if (!response.ok) throw new Error(`/auth/me answered ${response.status}`);
  const me = (await response.json()) as Me;
  const back = me.signed_in ? null : await resume(me.challenge);
  return back ? { ...me, ...back, signed_in: true } : { ...me, status: readStatus(me.status) };
}

/**
 * Spends a one-time code and keeps the key it gives.
 *
 * `null` when the code was used or is too old; throws when nobody answers.
 */
export function spendCode(code: string): Promise<Entry | null> {
  return comeIn("/auth/code", { code });
}

/** Proves to a new process that the one before knew this browser; `null` when it cannot. */
async function resume(challenge: string | undefined): Promise<Entry | null> {
  const secret = recall("resumption");
  // Browsers sign on `localhost` and HTTPS only.
  if (!secret || !challenge || !isSecureContext) return null;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const message = `cocalc-plus resume\n${location.origin}\n${challenge}`;
  const proof = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(message)));
  return comeIn("/auth/resume", { proof: Array.from(proof, (byte) => byte.toString(16).padStart(2, "0")).join("") });
}

async function comeIn(path: string, body: object): Promise<Entry | null> {
  const response = await fetch(path, {
    ...request({ "content-type": "application/json" }),
    method: "POST",
    body: JSON.stringify(body),
  });
  if (response.status >= 500) throw new Error(`${path} answered ${response.status}`);
  if (!response.ok) return null;
  const { key, resumption, status } = (await response.json()) as { key: string; resumption?: string; status?: unknown };
  remember("key", key);
  if (resumption) remember("resumption", resumption);
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

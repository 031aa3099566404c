/** Bytes and listings over HTTP: `/files/…`, the shapes of `src/protocol/files.rs`. */

import type { WireListing } from "../../model/files/listing";
import { KEY_HEADER, authKey } from "../auth";

/** The longest wait for a listing or the head of an answer, in milliseconds. */
const HEAD_MS = 30_000;

/** The code of a request that nobody answered. */
export const UNREACHED = 0;

/** The reason of a tunnel that lives while its target is away. */
const AWAY = "away";

/** A refused request; `code` is that of HTTP, or `UNREACHED`. */
export class FileError extends Error {
  readonly code: number;
  /** A word to decide by, where the server has one: `exists`, `changed`, `offset`. */
  readonly reason: string | null;
  /** What the disk holds instead, where that is why (412); `null` when there is no file. */
  readonly hash: string | null;

  constructor(code: number, message: string, reason: string | null = null, hash: string | null = null) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.hash = hash;
  }
}

/** The bytes of a file, or a part of them. */
export interface Content {
  bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the whole file. */
  hash: string;
  /** The size of the whole file, in bytes. */
  size: number;
  /** Milliseconds since 1970. */
  mtime: number;
  isWritable: boolean;
}

/** What a save answers. */
export interface Saved {
  hash: string;
  mtime: number;
  size: number;
}

/** What the editor last saw on disk: a hash, or that there was nothing. */
export type Seen = { hash: string } | "absent";

/** The hash that was seen; `null` when there was nothing. */
export function hashOf(seen: Seen): string | null {
  return seen === "absent" ? null : seen.hash;
}

/** What was seen, by its hash; `null` when there was nothing. */
export function seenOf(hash: string | null): Seen {
  return hash === null ? "absent" : { hash };
}

/** Lists a directory. Throws `FileError`. */
export async function list(path: string): Promise<WireListing> {
  const response = await ask(`/files/list?${query({ path })}`);
  return (await response.json()) as WireListing;
}

/** Reads a file; `mostBytes` refuses a larger one with 413. Throws `FileError`. */
export async function read(path: string, mostBytes?: number): Promise<Content> {
  const most: Record<string, string> = mostBytes === undefined ? {} : { max: String(mostBytes) };
  return contentOf(await ask(`/files/content?${query({ path, ...most })}`));
}

/** Reads the bytes from `start` up to, not including, `end`. Throws `FileError`. */
export async function readRange(path: string, start: number, end: number): Promise<Content> {
  const range = { range: `bytes=${start}-${end - 1}` };
  return contentOf(await ask(`/files/content?${query({ path })}`, { headers: range }));
}

/** Writes a whole file, if the disk still has what was last seen. Throws `FileError`. */
export async function save(path: string, bytes: Uint8Array<ArrayBuffer>, seen: Seen): Promise<Saved> {
  const condition: Record<string, string> =
    seen === "absent" ? { "if-none-match": "*" } : { "if-match": `"${seen.hash}"` };
  const headers = { "content-type": "application/octet-stream", ...condition };
  const response = await ask(`/files/content?${query({ path })}`, { method: "PUT", body: bytes, headers }, null);
  return (await response.json()) as Saved;
}

/** Asks for an address that needs no key; throws `FileError`. */
export async function ticket(path: string, as: "download" | "archive" | "preview"): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await ask("/files/ticket", { method: "POST", headers, body: JSON.stringify({ path, as }) });
  return ((await response.json()) as { url: string }).url;
}

/** Saves what an address gives as a file of this computer; the browser shows its progress. */
export function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

/** The headers that let a request in. */
export function keyHeaders(): Record<string, string> {
  const key = authKey();
  return key ? { [KEY_HEADER]: key } : {};
}

/** The parameters of an address. */
export function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}

/** Asks; a refusal becomes a `FileError`. A deadline of `null` waits for ever. */
export async function ask(url: string, init: RequestInit = {}, deadlineMs: number | null = HEAD_MS): Promise<Response> {
  const abort = new AbortController();
  const timer = deadlineMs === null ? undefined : setTimeout(() => abort.abort(), deadlineMs);
  try {
    const headers = { ...keyHeaders(), ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(url, { ...init, headers, cache: "no-store", signal: abort.signal });
    if (!response.ok) throw refusal(response.status, await response.text());
    return response;
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(UNREACHED, "the server is out of reach");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads the body of a refusal: `{"error":{"code":412,"message":"…","reason":"changed"},"hash":"…"}`.
 *
 * That of a tunnel whose target is away is none of the server's.
 */
export function refusal(status: number, text: string): FileError {
  try {
    const { error, hash } = JSON.parse(text) as { error?: { message?: string; reason?: string }; hash?: string | null };
    const code = error?.reason === AWAY ? UNREACHED : status;
    return new FileError(code, error?.message ?? `the server answered ${status}`, error?.reason, hash);
  } catch {
    return new FileError(status, `the server answered ${status}`);
  }
}

async function contentOf(response: Response): Promise<Content> {
  const { headers } = response;
  try {
    const bytes = new Uint8Array(await response.arrayBuffer());
    const hash = (headers.get("etag") ?? "").replace(/^W\/|"/g, "");
    const size = Number(headers.get("x-file-size") ?? bytes.length);
    const mtime = Number(headers.get("x-file-mtime") ?? 0);
    return { bytes, hash, size, mtime, isWritable: headers.get("x-file-writable") !== "0" };
  } catch {
    throw new FileError(UNREACHED, "the connection was lost meanwhile");
  }
}

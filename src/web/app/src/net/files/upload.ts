/** Bytes of this computer to the server, in pieces that can be resumed. */

import type { Entry } from "../../model/methods";
import { ask, FileError, keyHeaders, refusal, UNREACHED } from "./http";

/** Bytes in one request: what is lost at most when the connection breaks. */
export const CHUNK_BYTES = 8 << 20;

/** A request without progress for so long is given up, in milliseconds. */
const STALL_MS = 20_000;

/**
 * One whose bytes have all been sent is given up after so long: much of them
 * may still be on the way, and then a slow disk takes its time.
 */
const ANSWER_MS = 300_000;

/** What one request brought. */
export interface Step {
  /** What the server has of the file, in bytes. */
  offset: number;
  done: boolean;
  entry: Entry | null;
}

/** Begins an upload, or finds one of the same path and size again. Throws `FileError`. */
export async function beginUpload(
  path: string,
  file: File,
  overwrite: boolean,
): Promise<{ id: string; offset: number }> {
  const body = JSON.stringify({ path, size: file.size, mtime: file.lastModified, overwrite });
  const response = await ask("/files/upload", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return (await response.json()) as { id: string; offset: number };
}

/**
 * Sends the next piece. Throws `FileError`.
 *
 * By `XMLHttpRequest`, because `fetch` does not tell how far it is.
 */
export function sendPiece(
  id: string,
  file: File,
  offset: number,
  sent: (offset: number) => void,
  signal: AbortSignal,
): Promise<Step> {
  return new Promise<Step>((resolve, reject) => {
    const request = new XMLHttpRequest();
    const lost = () => reject(new FileError(UNREACHED, "the connection was lost meanwhile"));
    let stall: ReturnType<typeof setTimeout> | undefined;
    const expect = (ms: number) => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), ms);
    };
    const cancel = () => request.abort();
    signal.addEventListener("abort", cancel);
    request.upload.onprogress = (event) => {
      expect(STALL_MS);
      sent(offset + event.loaded);
    };
    request.upload.onload = () => expect(ANSWER_MS);
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Step);
      else reject(refusal(request.status, request.responseText));
    };
    request.onerror = request.onabort = lost;
    request.onloadend = () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", cancel);
    };
    request.open("PUT", `/files/upload/${id}?offset=${offset}`);
    for (const [name, value] of Object.entries(keyHeaders())) request.setRequestHeader(name, value);
    expect(STALL_MS);
    request.send(file.slice(offset, offset + CHUNK_BYTES));
  });
}

/** Forgets what the server has of an unfinished upload. Throws `FileError`. */
export async function forgetUpload(id: string): Promise<void> {
  await ask(`/files/upload/${id}`, { method: "DELETE" });
}

/** Whether this computer still lets the file be read; it may have changed since it was chosen. */
export async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

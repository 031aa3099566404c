/** What a file turns out to be when it is opened. */

import type { Source } from "../../model/files/buffer";
import { LARGEST_TEXT_BYTES, previewFor, type Preview } from "../../model/files/kinds";
import type { Entry } from "../../model/methods";
import { base } from "../../model/files/paths";
import { decode, decodeLatin1, isBinary, type Codec } from "../../model/files/text";
import { CallError } from "../../net/calls";
import { FileError, read, readRange, type Content } from "../../net/files/http";
import type { FileVerbs } from "../../net/files/verbs";

/** Bytes that are looked at to tell a large text from a large binary. */
const SNIFFED_BYTES = 65_536;

/** What the file is shown as. */
export type Shown =
  | { kind: "loading" }
  | { kind: "refused"; code: number; message: string }
  | { kind: "text"; source: Source; readOnly: "not-utf8" | "not-writable" | null }
  | { kind: "paged" | "hex"; size: number }
  | { kind: "preview"; as: Exclude<Preview, "text">; size: number };

/** What was found; `content` where the whole file was read. */
export interface Found {
  shown: Shown;
  content: Content | null;
}

/** Opens a file as its name and its bytes suggest. */
export async function lookAt(path: string, verbs: FileVerbs): Promise<Found> {
  const entry = await verbs.stat(path);
  const problem = whyNot(entry);
  if (problem !== null) return { shown: { kind: "refused", code: 400, message: problem }, content: null };
  const preview = previewFor(base(path));
  if (preview !== "text") return { shown: { kind: "preview", as: preview, size: entry.size }, content: null };
  // A link's own size is that of its text.
  if (entry.kind === "file" && entry.size <= LARGEST_TEXT_BYTES) return lookAtText(path);
  const head = await readRange(path, 0, SNIFFED_BYTES);
  if (head.size <= LARGEST_TEXT_BYTES) return lookAtText(path);
  return { shown: { kind: isBinary(head.bytes) ? "hex" : "paged", size: head.size }, content: null };
}

/** Opens a file as text, whatever its name says; bytes that are no text are shown as such. */
export async function lookAtText(path: string): Promise<Found> {
  const content = await read(path, LARGEST_TEXT_BYTES);
  return { shown: asText(content), content };
}

/** Opens a file as bytes. */
export async function lookAtBytes(path: string): Promise<Found> {
  const { size } = await readRange(path, 0, 1);
  return { shown: { kind: "hex", size }, content: null };
}

/** How bytes that were read are shown. */
export function asText(content: Content): Shown {
  const decoded = decode(content.bytes);
  if (decoded.kind === "binary") return { kind: "hex", size: content.size };
  const { text, codec } = decoded.kind === "text" ? decoded : decodeLatin1(content.bytes);
  const readOnly = decoded.kind === "not-utf8" ? "not-utf8" : content.isWritable ? null : "not-writable";
  return { kind: "text", source: { text, codec }, readOnly };
}

/** What was read, as text of the encoding that is being edited; `null` when it is none. */
export function sourceLike(codec: Codec, { bytes }: Content): Source | null {
  if (codec.encoding === "latin-1") return decodeLatin1(bytes);
  const decoded = decode(bytes);
  return decoded.kind === "text" ? decoded : null;
}

/** The code and words of a refused request; anything else is thrown on. */
export function refusalOf(error: unknown): { code: number; message: string } {
  if (error instanceof FileError || error instanceof CallError) return error;
  throw error;
}

const WHY_NOT: Partial<Record<string, string>> = {
  directory: "it is a directory",
  fifo: "it is a pipe between programs, not a file with content",
  socket: "it is a socket of a program, not a file with content",
  char: "it is a device, not a file with content",
  block: "it is a device, not a file with content",
};

function whyNot({ kind, link }: Entry): string | null {
  if (kind !== "symlink") return WHY_NOT[kind] ?? null;
  if (!link?.kind) return `it is a link to \`${link?.to ?? "?"}\`, which is not there`;
  return WHY_NOT[link.kind] ?? null;
}

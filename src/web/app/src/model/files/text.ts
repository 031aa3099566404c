/**
 * Bytes to text and back, without changing what was not edited.
 *
 * UTF-8 keeps its byte order mark, and UTF-16 is known by its own. Latin-1 is the real one: byte N is
 * character N, so every file makes the round trip (the browser's own
 * "latin1" is Windows-1252 and does not). An editor knows one line break:
 * where a file mixes several, they stay characters of the text.
 */

/** How a text file is written. */
export interface Codec {
  encoding: "utf-8" | "utf-16le" | "utf-16be" | "latin-1";
  hasBom: boolean;
  /** What ends a line; `mixed` when several do. */
  lineBreak: "\n" | "\r\n" | "\r" | "mixed";
}

/** What bytes turned out to be. */
export type Decoded = { kind: "text"; text: string; codec: Codec } | { kind: "not-utf8" } | { kind: "binary" };

/** A character that the encoding cannot write. */
export class UnwritableError extends Error {
  readonly char: string;
  readonly line: number;

  constructor(char: string, line: number) {
    super(`\`${char}\` in line ${line} cannot be written in Latin-1`);
    this.char = char;
    this.line = line;
  }
}

/** How a new file is written. */
export const NEW_CODEC: Codec = { encoding: "utf-8", hasBom: false, lineBreak: "\n" };

/** Bytes that are looked at for a NUL, which no text has. */
const SNIFFED_BYTES = 1 << 16;

/** Whether bytes are no text at all. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, SNIFFED_BYTES).includes(0);
}

/** Reads bytes as UTF-8, or as UTF-16 with a byte order mark, if they are. */
export function decode(bytes: Uint8Array): Decoded {
  const wide = decodeUtf16(bytes);
  if (wide) return wide;
  if (isBinary(bytes)) return { kind: "binary" };
  try {
    const whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const hasBom = whole.startsWith("\ufeff");
    const text = hasBom ? whole.slice(1) : whole;
    return { kind: "text", text, codec: { encoding: "utf-8", hasBom, lineBreak: lineBreakOf(text) } };
  } catch {
    return { kind: "not-utf8" };
  }
}

function decodeUtf16(bytes: Uint8Array): Decoded | null {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : null;
  if (encoding === null) return null;
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes.subarray(2));
    // UTF-32 begins alike, and so may what is no text.
    if (text.includes("\0")) return null;
    return { kind: "text", text, codec: { encoding, hasBom: true, lineBreak: lineBreakOf(text) } };
  } catch {
    return null;
  }
}

/** Reads any bytes as Latin-1. */
export function decodeLatin1(bytes: Uint8Array): { text: string; codec: Codec } {
  let text = "";
  // In pieces, because a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return { text, codec: { encoding: "latin-1", hasBom: false, lineBreak: lineBreakOf(text) } };
}

/** Writes text, whose lines end as the codec says. Throws `UnwritableError`. */
export function encode(text: string, codec: Codec): Uint8Array<ArrayBuffer> {
  const marked = codec.hasBom ? `\ufeff${text}` : text;
  if (codec.encoding === "utf-8") return new TextEncoder().encode(marked);
  if (codec.encoding !== "latin-1") return encodeUtf16(marked, codec.encoding === "utf-16le");
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0xff) throw new UnwritableError(String.fromCodePoint(text.codePointAt(at) ?? code), lineAt(text, at));
    bytes[at] = code;
  }
  return bytes;
}

function encodeUtf16(text: string, isLittleEndian: boolean): Uint8Array<ArrayBuffer> {
  const units = new DataView(new ArrayBuffer(text.length * 2));
  for (let at = 0; at < text.length; at++) units.setUint16(at * 2, text.charCodeAt(at), isLittleEndian);
  return new Uint8Array(units.buffer);
}

/** What ends the lines of a text; `\n` for a text of one line. */
export function lineBreakOf(text: string): Codec["lineBreak"] {
  let crlf = 0;
  let lf = 0;
  let cr = 0;
  for (let at = text.search(/[\r\n]/); at >= 0 && at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10) lf++;
    else if (code === 13 && text.charCodeAt(at + 1) === 10) {
      crlf++;
      at++;
    } else if (code === 13) cr++;
  }
  const kinds = [crlf, lf, cr].filter((count) => count > 0).length;
  if (kinds > 1) return "mixed";
  return crlf > 0 ? "\r\n" : cr > 0 ? "\r" : "\n";
}

/** What the status line says: `UTF-8`, `UTF-8 with BOM`, `UTF-16 LE`, `Latin-1`. */
export function encodingName(codec: Codec): string {
  if (codec.encoding === "utf-8") return codec.hasBom ? "UTF-8 with BOM" : "UTF-8";
  return { "utf-16le": "UTF-16 LE", "utf-16be": "UTF-16 BE", "latin-1": "Latin-1" }[codec.encoding];
}

/** What the status line says of line ends: `LF`, `CRLF`, `CR`, `mixed line ends`. */
export function lineBreakName(codec: Codec): string {
  return { "\n": "LF", "\r\n": "CRLF", "\r": "CR", mixed: "mixed line ends" }[codec.lineBreak];
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split(/\r\n?|\n/).length;
}

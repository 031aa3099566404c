/**
 * What a program may ask of the page with an operating system command.
 *
 * - `OSC 52 ; WHERE ; BASE64`: set the clipboard. Reading it (`?`) is not done.
 * - `OSC 7337 ; open ; BASE64`: open a file, `cocalc-plus open`. Nothing else
 *   rides on 7337.
 *
 * Both parsers take what follows the number, and give `null` for whatever
 * they do not know, which is then ignored.
 */

/** A longer text is not put on the clipboard. */
export const LONGEST_COPY_BYTES = 1 << 20;

/** `PATH_MAX` of Linux. */
const LONGEST_PATH_BYTES = 4096;

/** A byte that is no UTF-8 is written as this character plus the byte. */
const RAW_BYTE = 0x10ff00;

/** The text to copy; the primary selection (`p`) is not the clipboard. */
export function parseCopy(body: string): string | null {
  const parts = /^([cps0-7]*);([A-Za-z0-9+/=\s]+)$/.exec(body);
  if (!parts || !/^$|[cs]/.test(parts[1]!)) return null;
  const bytes = fromBase64(parts[2]!, LONGEST_COPY_BYTES);
  return bytes && bytes.length > 0 ? new TextDecoder().decode(bytes) : null;
}

/** The absolute path to open, as `src/protocol/files.rs` writes paths. */
export function parseOpen(body: string): string | null {
  const parts = /^open;([A-Za-z0-9+/]+=*)$/.exec(body);
  const bytes = parts && fromBase64(parts[1]!, LONGEST_PATH_BYTES);
  if (!bytes || bytes[0] !== 0x2f || bytes.includes(0)) return null;
  return pathText(bytes);
}

/**
 * A path's bytes as text, without loss.
 *
 * Each byte that is not part of valid UTF-8 becomes U+10FF00 + byte; so does
 * each byte of a genuine character from U+10FF00 on.
 */
export function pathText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes[at]!);
    const character = decoded(bytes.subarray(at, at + length));
    if (character === null || character.codePointAt(0)! >= RAW_BYTE) {
      // Only this byte: the next one may begin a character.
      text += String.fromCodePoint(RAW_BYTE + bytes[at]!);
      at += 1;
    } else {
      text += character;
      at += length;
    }
  }
  return text;
}

function characterLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

function fromBase64(text: string, limit: number): Uint8Array | null {
  if (text.length > (limit / 3 + 2) * 4) return null;
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return bytes.length <= limit ? bytes : null;
  } catch {
    return null;
  }
}

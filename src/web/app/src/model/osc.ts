/**
 * What a program may ask of the page with an operating system command.
 *
 * - `OSC 52 ; WHERE ; BASE64`: set the clipboard. Reading it (`?`) is not done.
 * - `OSC 7337 ; open ; BASE64`: open a file, `cocalc-plus open`. The path is
 *   written as `src/protocol/files.rs` says. Nothing else rides on 7337.
 *
 * Both parsers take what follows the number, and give `null` for whatever
 * they do not know, which is then ignored.
 */

/** A longer text is not put on the clipboard. */
export const LONGEST_COPY_BYTES = 1 << 20;

/** `PATH_MAX` of Linux, each byte written as a character of four. */
const LONGEST_PATH_BYTES = 4 * 4096;

/** The text to copy; the primary selection (`p`) is not the clipboard. */
export function parseCopy(body: string): string | null {
  const parts = /^([cps0-7]*);([A-Za-z0-9+/=\s]+)$/.exec(body);
  if (!parts || !/^$|[cs]/.test(parts[1]!)) return null;
  const bytes = fromBase64(parts[2]!, LONGEST_COPY_BYTES);
  return bytes && bytes.length > 0 ? new TextDecoder().decode(bytes) : null;
}

/** The absolute path to open. */
export function parseOpen(body: string): string | null {
  const parts = /^open;([A-Za-z0-9+/]+=*)$/.exec(body);
  const bytes = parts && fromBase64(parts[1]!, LONGEST_PATH_BYTES);
  const path = bytes && decoded(bytes);
  return path?.startsWith("/") && !path.includes("\0") ? path : null;
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

/**
 * Where an image begins in a terminal's output.
 *
 * What draws images is large and comes only when one does. The bytes are
 * looked through before the emulator sees them, so that not even the first
 * image is lost.
 */

/** Longer parameters are nobody's. */
const LONGEST_INTRODUCER = 64;

const ESC = 0x1b;
const ITERM = "]1337;File=";

/**
 * Looks for an image, or for the question whether images can be drawn.
 *
 * `found`, or how many bytes at the end may be the beginning of one (0: none).
 * Those must wait for the bytes that follow.
 *
 * Sixel is `ESC P params q`, iTerm's `ESC ] 1337 ; File =`, the question
 * (XTSMGRAPHICS) `ESC [ ? params S`.
 */
export function lookForImage(bytes: Uint8Array): "found" | number {
  for (let at = bytes.indexOf(ESC); at >= 0; at = bytes.indexOf(ESC, at + 1)) {
    const rest = bytes.subarray(at + 1, at + LONGEST_INTRODUCER);
    const match = introducer(rest);
    if (match === "yes") return "found";
    if (match === "perhaps" && at + 1 + rest.length === bytes.length) return bytes.length - at;
  }
  return 0;
}

type Match = "yes" | "no" | "perhaps";

function introducer(rest: Uint8Array): Match {
  switch (rest[0]) {
    case undefined:
      return "perhaps";
    case 0x50: // P
      return afterParams(rest, 1, 0x71); // q
    case 0x5d: // ]
      return startsWith(rest, ITERM);
    case 0x5b: // [
      if (rest[1] === 0x3f) return afterParams(rest, 2, 0x53); // ?, S
      return rest.length === 1 ? "perhaps" : "no";
    default:
      return "no";
  }
}

function afterParams(rest: Uint8Array, from: number, final: number): Match {
  for (let at = from; at < rest.length; at++) {
    const byte = rest[at]!;
    if (byte === final) return "yes";
    const isParam = (byte >= 0x30 && byte <= 0x39) || byte === 0x3b;
    if (!isParam) return "no";
  }
  return rest.length < LONGEST_INTRODUCER - 1 ? "perhaps" : "no";
}

function startsWith(rest: Uint8Array, prefix: string): Match {
  const length = Math.min(rest.length, prefix.length);
  for (let at = 0; at < length; at++) {
    if (rest[at] !== prefix.charCodeAt(at)) return "no";
  }
  return length === prefix.length ? "yes" : "perhaps";
}

/**
 * What was typed and has not reached the pty yet.
 *
 * Every byte typed has a position, counted since this page began to type in
 * this terminal. Bytes stay here until the holder acknowledges them; after a
 * reconnect the holder says how many it took, and exactly the rest is sent
 * again. Nothing is typed twice and nothing is lost, unless the page is closed.
 */

/** The most bytes kept while the terminal is away; more is refused visibly. */
export const AWAY_LIMIT_BYTES = 64 * 1024;

/** Keys are gathered into chunks of up to this many bytes. */
const CHUNK_BYTES = 1024;

/** The most bytes on the way while the terminal is there: a large paste. */
export const LIVE_LIMIT_BYTES = 8 * 1024 * 1024;

/** Bytes typed, from `base` on, that have not been acknowledged. */
export interface Input {
  /** The position of the first byte kept. */
  base: number;
  /** The position that the next byte typed gets. */
  next: number;
  /** The bytes from `base` to `next`. */
  chunks: readonly Uint8Array[];
}

/** Nothing typed yet. */
export const NOTHING_TYPED: Input = { base: 0, next: 0, chunks: [] };

/** Keeps typed bytes; gives `null` when `limit` refuses them, all of them. */
export function typeInto(input: Input, bytes: Uint8Array, limit: number): Input | null {
  if (input.next - input.base + bytes.length > limit) return null;
  return { base: input.base, next: input.next + bytes.length, chunks: appended(input.chunks, bytes) };
}

/** Forgets what lies below `taken`. */
export function taken(input: Input, position: number): Input {
  let drop = Math.min(position, input.next) - input.base;
  if (drop <= 0) return input;
  const chunks: Uint8Array[] = [];
  for (const chunk of input.chunks) {
    if (drop >= chunk.length) {
      drop -= chunk.length;
      continue;
    }
    chunks.push(drop > 0 ? chunk.subarray(drop) : chunk);
    drop = 0;
  }
  return { base: Math.min(position, input.next), next: input.next, chunks };
}

/**
 * Agrees with the holder's count after a reconnect.
 *
 * A holder that counts less than it once acknowledged has forgotten this page;
 * what it acknowledged has been typed all the same, so only the counting
 * starts again where the holder stands.
 */
export function agree(input: Input, holderCount: number): Input {
  const rest = taken(input, holderCount);
  if (rest.base === holderCount) return rest;
  return { base: holderCount, next: holderCount + (rest.next - rest.base), chunks: rest.chunks };
}

/** The kept bytes with their positions, cut into pieces of at most `size`. */
export function pieces(input: Input, size: number): { seq: number; bytes: Uint8Array }[] {
  const out: { seq: number; bytes: Uint8Array }[] = [];
  let seq = input.base;
  for (const chunk of input.chunks) {
    for (let at = 0; at < chunk.length; at += size) {
      const bytes = chunk.subarray(at, at + size);
      out.push({ seq, bytes });
      seq += bytes.length;
    }
  }
  return out;
}

function appended(chunks: readonly Uint8Array[], bytes: Uint8Array): Uint8Array[] {
  const last = chunks.at(-1);
  if (!last || last.length + bytes.length > CHUNK_BYTES) return [...chunks, bytes];
  const joined = new Uint8Array(last.length + bytes.length);
  joined.set(last);
  joined.set(bytes, last.length);
  return [...chunks.slice(0, -1), joined];
}

/** A page of a large text, cut where lines begin. */

/**
 * The lines that begin after the page's first byte and until the next page's
 * first byte, read as UTF-8; the first page has its first line, too.
 *
 * So each line stands on one page, whole, unless it is longer than what was
 * read of it.
 */
export function wholeLines(bytes: Uint8Array, length: number, isFirst: boolean): string {
  const begin = isFirst ? 0 : afterBreak(bytes, 0, length);
  const end = bytes.length <= length ? bytes.length : afterBreak(bytes, length, bytes.length);
  return new TextDecoder().decode(bytes.subarray(begin, end));
}

function afterBreak(bytes: Uint8Array, from: number, before: number): number {
  const at = bytes.indexOf(10, from);
  if (at >= 0 && at < before) return at + 1;
  // One line fills the page: at least no character is torn.
  let edge = from === 0 ? 0 : before;
  while (edge < bytes.length && ((bytes[edge] ?? 0) & 0xc0) === 0x80) edge++;
  return edge;
}

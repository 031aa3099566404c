/** How a text is indented, told from its lines. */

/** One step of indentation. */
export interface Indent {
  /** `\t` or spaces. */
  unit: string;
}

/** Lines that are looked at. */
const LOOKED_AT = 2000;

/** What a text without any indented line is taken for. */
const USUAL: Indent = { unit: "    " };

/** Finds the step: the most frequent growth from a line to the next. */
export function indentOf(text: string, usual: Indent = USUAL): Indent {
  const growths = new Map<string, number>();
  let before = 0;
  for (const line of text.slice(0, 200_000).split("\n", LOOKED_AT)) {
    const white = /^[ \t]*/.exec(line)?.[0] ?? "";
    if (white.length === line.trimEnd().length) continue;
    if (white.startsWith("\t")) count(growths, "\t");
    else if (white.length > before && white.length - before <= 8) count(growths, " ".repeat(white.length - before));
    before = white.startsWith("\t") ? 0 : white.length;
  }
  // A growth of one space is mostly a comment's or a list's.
  growths.delete(" ");
  const [best] = [...growths].sort((a, b) => b[1] - a[1]);
  return best ? { unit: best[0] } : usual;
}

/** What the status line says: `Tabs`, `4 spaces`. */
export function indentName({ unit }: Indent): string {
  return unit === "\t" ? "Tabs" : `${unit.length} spaces`;
}

function count(growths: Map<string, number>, unit: string): void {
  growths.set(unit, (growths.get(unit) ?? 0) + 1);
}

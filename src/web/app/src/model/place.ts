/**
 * Finding the reader's place again after a terminal was drawn anew.
 *
 * The distance from the end is only a guess: output may have come meanwhile
 * that nobody counted. The text that was in view is looked for around it.
 */

/** What was in view. */
export interface Place {
  /** Lines between the view and the end; 0 is the end itself. */
  fromEnd: number;
  /** The text of the lines in view, first to last. */
  lines: readonly string[];
}

/** A terminal's lines, scrollback first. */
export interface Lines {
  count: number;
  /** How many of them are in view. */
  rows: number;
  at(line: number): string;
}

/** The line that comes first in view so that the reader sees what was seen. */
export function placeAgain(place: Place, lines: Lines): number {
  const end = Math.max(0, lines.count - lines.rows);
  if (place.fromEnd === 0) return end;
  const guess = Math.max(0, end - place.fromEnd);
  for (let away = 0; away <= end; away++) {
    for (const line of away === 0 ? [guess] : [guess - away, guess + away]) {
      if (line >= 0 && line <= end && isAt(place, lines, line)) return line;
    }
  }
  return guess;
}

function isAt(place: Place, lines: Lines, first: number): boolean {
  return place.lines.every((text, at) => first + at < lines.count && lines.at(first + at) === text);
}

/**
 * Whether a paste is asked about first.
 *
 * A program that does not bracket pastes takes each line as if typed: a shell
 * runs it. A line end inside, even at the very end, and control characters
 * are therefore shown first.
 */

/** How many lines of a paste are shown. */
const SHOWN_LINES = 6;

/** How much of a line is shown, in characters. */
const SHOWN_COLUMNS = 120;

/** What a person sees of a paste. */
export interface PastePreview {
  /** The first lines, control characters made visible. */
  lines: string[];
  /** How many lines there are in all. */
  total: number;
  /** Whether it holds control characters other than tabs and line ends. */
  hasControls: boolean;
}

/** Whether the text could do something that a person does not see coming. */
export function isRiskyPaste(text: string, isBracketed: boolean): boolean {
  return !isBracketed && (/[\r\n]/.test(text) || hasControls(text));
}

/**
 * The text to send.
 *
 * In a bracketed paste no escape character passes, because `ESC [ 201 ~` would
 * end the bracket and the rest would count as typed.
 */
export function pasteText(text: string, isBracketed: boolean): string {
  return isBracketed ? text.replaceAll("\x1b", "␛").replaceAll("\x9b", "") : text;
}

/** What to show of a text before it is pasted. */
export function pastePreview(text: string): PastePreview {
  const all = text.split(/\r\n|\r|\n/);
  if (all.at(-1) === "" && all.length > 1) all.pop();
  const lines = all.slice(0, SHOWN_LINES).map((line) => {
    const visible = line.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, picture).replace(/[\x80-\x9f]/g, "�");
    return visible.length > SHOWN_COLUMNS ? `${visible.slice(0, SHOWN_COLUMNS)}…` : visible;
  });
  return { lines, total: all.length, hasControls: hasControls(text) };
}

function hasControls(text: string): boolean {
  return /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(text);
}

/** `^[` for escape, `^C` for Ctrl+C, `^?` for delete. */
function picture(char: string): string {
  return `^${String.fromCharCode(char.charCodeAt(0) ^ 0x40)}`;
}

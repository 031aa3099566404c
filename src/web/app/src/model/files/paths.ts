/**
 * Paths as text: absolute, and lossless for names that are not UTF-8.
 *
 * Each byte that is not part of valid UTF-8 is written as the character
 * U+10FF00 + byte (`src/protocol/files.rs`), so a path of any bytes is a
 * string here, and goes back unchanged. Only what is *shown* is replaced.
 */

/** The character that stands for the byte 0. */
const RAW_BYTES = 0x10ff00;

/** The last part of a path; empty for `/`. */
export function base(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that a path lies in; `/` for `/`. */
export function parent(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

/** A name in a directory. */
export function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** Whether `path` is `directory` or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}

/** How many directories lie between `path` and `root`: 0 for a child of it. */
export function depthBelow(directory: string, root: string): number {
  if (directory === root) return 0;
  return directory.slice(root === "/" ? 0 : root.length).split("/").length - 1;
}

/** Resolves `.`, `..` and double slashes; a relative path starts at `from`. */
export function resolved(path: string, from: string): string {
  const whole = path.startsWith("/") ? path : `${from}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The path that a person typed: absolute, with `~` for `home`, or from a directory. */
export function meant(text: string, from: string, home: string | null): string {
  return resolved(/^~(?=\/|$)/.test(text) && home !== null ? home + text.slice(1) : text, from);
}

/** The ending without its dot, in lower case: `tar.gz` gives `gz`; empty without one. */
export function extension(name: string): string {
  const at = name.lastIndexOf(".");
  return at <= 0 ? "" : name.slice(at + 1).toLowerCase();
}

/** Where the ending begins, so that renaming selects what stands before it. */
export function stemLength(name: string): number {
  const at = name.lastIndexOf(".");
  return at <= 0 ? name.length : at;
}

// Control characters, and marks that are invisible or turn the direction.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e" };

/** A name or path made safe to read: bytes that are no text are `�`, control characters escapes. */
export function shown(text: string): string {
  return text
    .replace(/[\u{10ff00}-\u{10ffff}]+/gu, "\ufffd")
    .replace(UNSEEN, (char) => ESCAPES[char] ?? `\\u{${char.charCodeAt(0).toString(16)}}`);
}

const CONTROL = /[\u0000-\u001f\u007f]/g;
const PICTURE = /[\u2400-\u241f\u2421]/g;

/** A name as an input field can hold it: `␊` stands for a line feed. */
export function editable(name: string): string {
  return name.replace(CONTROL, (char) =>
    char === "\x7f" ? "\u2421" : String.fromCharCode(0x2400 + char.charCodeAt(0)),
  );
}

/** The name that an edited text means; pictures are controls only where `original` had some. */
export function edited(text: string, original: string): string {
  if (original.search(CONTROL) < 0) return text;
  return text.replace(PICTURE, (char) =>
    char === "\u2421" ? "\x7f" : String.fromCharCode(char.charCodeAt(0) - 0x2400),
  );
}

/** Why a name cannot be given; `null` when it can. */
export function nameProblem(name: string): string | null {
  if (name === "") return "a name is needed";
  if (name === "." || name === "..") return `\`${name}\` is a name of the system`;
  if (name.includes("/")) return "a name has no `/`";
  if (name.includes("\0")) return "a name has no NUL";
  return new TextEncoder().encode(name).length > 255 ? "a name has at most 255 bytes" : null;
}

/** Whether a path holds bytes that are not UTF-8. */
export function hasRawBytes(path: string): boolean {
  return [...path].some((char) => (char.codePointAt(0) ?? 0) >= RAW_BYTES);
}

/**
 * A path as text that a person may paste into a shell: as it is, or quoted
 * (`$'bad-\\xff'`) when it holds bytes or characters that no text has.
 */
export function pasteable(path: string): string {
  if (!hasRawBytes(path) && path.search(CONTROL) < 0) return path;
  const quoted = [...path].map((char) => {
    const code = char.codePointAt(0) ?? 0;
    const byte = code >= RAW_BYTES ? code - RAW_BYTES : code < 32 || code === 127 ? code : null;
    if (byte !== null) return `\\x${byte.toString(16).padStart(2, "0")}`;
    return char === "'" || char === "\\" ? `\\${char}` : char;
  });
  return `$'${quoted.join("")}'`;
}

/** A path as a person types it in a shell, with `~` for the home directory. */
export function withTilde(path: string, home: string | null): string {
  if (home === null || home === "/" || !isWithin(path, home)) return path;
  return `~${path.slice(home.length)}`;
}

/** The server's settings as `settings.get` lists them; the shapes of `src/lite/settings`. */

/** A value in the file. */
export type Value = string | number | boolean;

/** Which values a setting takes. */
export type Kind =
  | { type: "text"; most: number }
  | { type: "number"; least: number; most: number }
  | { type: "switch" }
  | { type: "choice"; of: readonly string[] }
  | { type: "path" }
  | { type: "host" }
  | { type: "secret"; least: number };

/** One setting. */
export interface Row {
  key: string;
  kind: Kind;
  /** What it is, without a full stop. */
  sentence: string;
  audience: "public" | "private";
  effect: "at-once" | "at-restart";
  variables: readonly string[];
  /** What holds; `null` of a secret, and where nothing is set. */
  value: Value | null;
  is_set: boolean;
  origin: "default" | "file" | "environment" | "flag";
  /** The same for people, names in backticks. */
  from: string;
  in_file: Value | null;
  is_in_file: boolean;
  default: Value | null;
  /** Whether the server began with something else and goes on with that. */
  needs_restart: boolean;
}

/** What a person typed, as a value; `null` takes the setting out. */
export type Typed = { value: Value | null } | { problem: string };

/** A setting's key as people read it: `Terminal font size`. */
export function labelOf(key: string): string {
  const acronyms: Record<string, string> = { nats: "NATS", tls: "TLS" };
  const words = key.split("_").map((word) => acronyms[word] ?? word);
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Reads what was typed; the server has the last word on names and paths. */
export function readTyped(kind: Kind, text: string): Typed {
  const trimmed = text.trim();
  if (trimmed === "") return { value: null };
  switch (kind.type) {
    case "number": {
      const number = Number(trimmed);
      const fits = /^\d+$/.test(trimmed) && number >= kind.least && number <= kind.most;
      return fits ? { value: number } : { problem: `a whole number from ${kind.least} to ${kind.most}` };
    }
    case "text":
      return [...trimmed].length <= kind.most ? { value: trimmed } : { problem: `at most ${kind.most} characters` };
    case "path":
      return trimmed.startsWith("/") ? { value: trimmed } : { problem: "an absolute path" };
    case "switch":
      return { value: trimmed === "true" };
    default:
      return { value: trimmed };
  }
}

/** Whether the file does not decide: somebody stronger does. */
export function isOverruled(row: Row): boolean {
  return row.origin === "environment" || row.origin === "flag";
}

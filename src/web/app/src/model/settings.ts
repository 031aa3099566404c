/**
 * What is set about the page's looks: the site's settings, which every browser
 * is told, below what a person has set in this one.
 */

/** Light or dark; `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

/** The shape of a terminal's cursor, until a program chooses one. */
export type Cursor = "block" | "bar" | "underline";

/** The page's looks. */
export interface Settings {
  theme: Theme;
  /** The terminal's font size in CSS pixels. */
  fontSize: number;
  cursor: Cursor;
  /** What the workspace is called; empty for the target's name. */
  siteName: string;
  /** Whether editors break long lines at the edge. */
  isWrapped: boolean;
  /** Whether a paste of several lines is shown before it is typed. */
  asksBeforePaste: boolean;
  /** Whether a terminal's bell is shown. */
  hasBell: boolean;
}

/** The smallest and largest font size, in CSS pixels. */
export const FONT_SIZES = { smallest: 8, largest: 32 } as const;

/** What holds before anything was set. */
export const DEFAULT_SETTINGS: Settings = {
  theme: "auto",
  fontSize: 14,
  cursor: "block",
  siteName: "",
  asksBeforePaste: true,
  hasBell: true,
  isWrapped: false,
};

const THEMES = ["auto", "light", "dark"] as const;
const CURSORS = ["block", "bar", "underline"] as const;

/** The settings of the site that say the same as one of a browser. */
export const SITE_KEYS: Readonly<Record<string, keyof Settings>> = {
  theme: "theme",
  terminal_font_size: "fontSize",
  terminal_cursor: "cursor",
  site_name: "siteName",
};

/** Reads what this browser kept; whatever is missing or wrong is not set. */
export function readOwn(text: string | null): Partial<Settings> {
  const stored = parsed(text);
  const own: Partial<Settings> = looks(stored["theme"], stored["fontSize"]);
  for (const name of ["asksBeforePaste", "hasBell", "isWrapped"] as const) {
    const value = stored[name];
    if (typeof value === "boolean") own[name] = value;
  }
  return own;
}

/** Reads what an older page kept, which was everything: what a person changed of it. */
export function readOlder(text: string | null): Partial<Settings> {
  const all = Object.entries(readOwn(text));
  return Object.fromEntries(all.filter(([name, value]) => DEFAULT_SETTINGS[name as keyof Settings] !== value));
}

/** Reads what `/customize` tells, `{"theme":"dark","terminal_font_size":16}`. */
export function readSite(told: unknown): Partial<Settings> {
  const site = typeof told === "object" && told !== null ? (told as Record<string, unknown>) : {};
  const read = looks(site["theme"], site["terminal_font_size"]);
  const cursor = CURSORS.find((name) => name === site["terminal_cursor"]);
  if (cursor) read.cursor = cursor;
  if (typeof site["site_name"] === "string") read.siteName = site["site_name"];
  return read;
}

/** What holds: the browser's own over the site's over the defaults. */
export function settingsOf(own: Partial<Settings>, site: Partial<Settings>): Settings {
  return { ...DEFAULT_SETTINGS, ...site, ...own };
}

/** The nearest allowed font size. */
export function clampFont(size: number): number {
  if (!Number.isFinite(size)) return DEFAULT_SETTINGS.fontSize;
  return Math.min(FONT_SIZES.largest, Math.max(FONT_SIZES.smallest, Math.round(size)));
}

function looks(theme: unknown, fontSize: unknown): Partial<Settings> {
  const read: Partial<Settings> = {};
  const known = THEMES.find((name) => name === theme);
  if (known) read.theme = known;
  if (typeof fontSize === "number" && Number.isFinite(fontSize)) read.fontSize = clampFont(fontSize);
  return read;
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(text ?? "{}");
    return typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

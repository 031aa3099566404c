/** What a person sets about the page's looks. */

/** Light or dark; `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

/** The page's looks, kept per origin. */
export interface Settings {
  theme: Theme;
  /** The terminal's font size in CSS pixels. */
  fontSize: number;
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
  asksBeforePaste: true,
  hasBell: true,
  isWrapped: false,
};

/** Reads stored settings; whatever is missing or wrong is the default. */
export function readSettings(text: string | null): Settings {
  try {
    const stored = JSON.parse(text ?? "{}") as Partial<Settings>;
    const theme = (["auto", "light", "dark"] as const).find((name) => name === stored.theme);
    const fontSize = clampFont(Number(stored.fontSize ?? DEFAULT_SETTINGS.fontSize));
    const asksBeforePaste = stored.asksBeforePaste !== false;
    const hasBell = stored.hasBell !== false;
    const isWrapped = stored.isWrapped === true;
    return { theme: theme ?? DEFAULT_SETTINGS.theme, fontSize, asksBeforePaste, hasBell, isWrapped };
  } catch {
    return DEFAULT_SETTINGS;
  }
}

/** The nearest allowed font size. */
export function clampFont(size: number): number {
  if (!Number.isFinite(size)) return DEFAULT_SETTINGS.fontSize;
  return Math.min(FONT_SIZES.largest, Math.max(FONT_SIZES.smallest, Math.round(size)));
}

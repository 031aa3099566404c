/**
 * Key combinations as text: `Ctrl+Shift+P`, `Meta+K`, `Alt+Shift+ArrowLeft`.
 *
 * Modifiers stand in the order Ctrl, Alt, Shift, Meta. Letters and digits are
 * what the key says, or where it lies when the layout or Option makes another
 * character of it; other keys are named by `KeyboardEvent.code`.
 */

/** What a combination is read from; a `KeyboardEvent` fits. */
export interface Pressed {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  metaKey: boolean;
}

/** The combination of a key event. */
export function combination(event: Pressed): string {
  const parts: string[] = [];
  if (event.ctrlKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  if (event.metaKey) parts.push("Meta");
  parts.push(base(event));
  return parts.join("+");
}

const MAC_SIGNS: Record<string, string> = { Ctrl: "⌃", Alt: "⌥", Shift: "⇧", Meta: "⌘" };
const NAMES: Record<string, string> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Equal: "+",
  Minus: "−",
  Comma: ",",
};

/** How a combination is shown: `Ctrl Shift P`, on a Mac `⌃⇧P`. */
export function shown(combo: string, isMac: boolean): string {
  const parts = combo.split("+").map((part) => (isMac && MAC_SIGNS[part]) || NAMES[part] || part);
  return parts.join(isMac ? "" : " ");
}

/** The combination to show of several: one with Meta on a Mac, else one without. */
export function preferred(combos: readonly string[], isMac: boolean): string | null {
  return combos.find((combo) => combo.includes("Meta") === isMac) ?? combos[0] ?? null;
}

function base(event: Pressed): string {
  if (/^[a-z0-9]$/i.test(event.key)) return event.key.toUpperCase();
  const placed = /^(?:Key|Digit)(.)$/.exec(event.code);
  return placed?.[1] ?? event.code;
}

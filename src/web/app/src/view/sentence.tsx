/** Sentences and names that came from elsewhere, made fit to read. */

import type { ComponentChildren } from "preact";

/**
 * Shows a reason as a sentence: names in backticks become code, and there is a
 * full stop. `startsLine` also makes its first letter a capital.
 */
export function Sentence({ text, startsLine }: { text: string; startsLine?: boolean }) {
  const first = startsLine && !text.startsWith("`") ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  const whole = /[.!?:]$/.test(first) ? first : `${first}.`;
  const parts = whole.split("`");
  return <>{parts.map((part, at) => (at % 2 === 1 && at < parts.length - 1 ? <code>{part}</code> : part))}</>;
}

/** A target's name that may break after `@`, `.`, `:` and `-`. */
export function breakable(name: string): ComponentChildren {
  return name.split(/(?<=[@.:-])/).flatMap((part, at) => (at === 0 ? [part] : [<wbr />, part]));
}

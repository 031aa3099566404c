/** The rate of an upload, from the byte counts that arrive now and then. */

/** How far back the rate looks, in milliseconds. */
export const WINDOW_MS = 5000;

/** A byte count and when it was seen, in milliseconds. */
export interface Sample {
  at: number;
  bytes: number;
}

/** Adds a sample and forgets those that the window has left. */
export function sampled(samples: readonly Sample[], at: number, bytes: number): Sample[] {
  const last = samples.at(-1);
  if (last && bytes < last.bytes) return [{ at, bytes }];
  return [...samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, bytes }];
}

/** Bytes a second over the window; `null` while there is too little to tell. */
export function bytesPerSecond(samples: readonly Sample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < 250 || last.bytes <= first.bytes) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

/**
 * When a lost WebSocket is opened again: a pure state machine.
 *
 * ```text
 * stopped ──start──▶ waiting ──gate open and due──▶ opening ──opened──▶ open
 *    ▲                  ▲                              │                  │
 *    └──stop, 4004──────┴────────────closed────────────┴──────────────────┘
 * ```
 *
 * A closed *gate* means that opening is pointless (the target is away). The
 * moment it opens, the wait is over; while it stays open, failures wait longer
 * and longer. Nothing is ever given up but by `stop` or the close code 4004.
 */

/** The close code that means: the tunnel lives, its target is away. */
export const CLOSE_RECONNECTING = 4001;

/** The close code that means: what this WebSocket showed is gone. */
export const CLOSE_GONE = 4004;

/** The wait after the first failure, in milliseconds. */
export const FIRST_DELAY_MS = 250;

/** The longest wait, in milliseconds. */
export const LONGEST_DELAY_MS = 5000;

/** Where a WebSocket that is kept open stands. */
export interface Retry {
  phase: "stopped" | "waiting" | "opening" | "open";
  /** Whether opening may succeed at all. */
  gate: boolean;
  /** Failures since the other side last said something. */
  failures: number;
  /** Whether the wait is over. */
  due: boolean;
}

/** What can happen to it. */
export type RetryEvent =
  | { type: "start" }
  | { type: "stop" }
  | { type: "gate"; open: boolean }
  /** The wait is over, or something suggests not to wait (waking, going online). */
  | { type: "due" }
  | { type: "opened" }
  /** The other side spoke, so the next failure is a first one. */
  | { type: "proved" }
  | { type: "closed"; code: number };

/** What to do then. */
export type RetryEffect =
  | { type: "open" }
  | { type: "close" }
  | { type: "wait"; ms: number }
  | { type: "gone" };

/** A WebSocket that has not been asked for yet. */
export const STOPPED: Retry = { phase: "stopped", gate: true, failures: 0, due: false };

/** Decides what follows an event; `random` is in 0…1 and spreads the waits. */
export function retryStep(state: Retry, event: RetryEvent, random: number): [Retry, RetryEffect[]] {
  switch (event.type) {
    case "start":
      if (state.phase !== "stopped") return [state, []];
      return openIfPossible({ ...state, phase: "waiting", failures: 0, due: true });
    case "stop":
      return [{ ...state, phase: "stopped", due: false }, state.phase === "stopped" ? [] : [{ type: "close" }]];
    case "gate": {
      const opens = event.open && !state.gate;
      const next = { ...state, gate: event.open };
      if (!opens || state.phase !== "waiting") return [next, []];
      return openIfPossible({ ...next, failures: 0, due: true });
    }
    case "due":
      return state.phase === "waiting" ? openIfPossible({ ...state, due: true }) : [state, []];
    case "opened":
      return state.phase === "opening" ? [{ ...state, phase: "open" }, []] : [state, []];
    case "proved":
      return [{ ...state, failures: 0 }, []];
    case "closed": {
      if (state.phase !== "opening" && state.phase !== "open") return [state, []];
      if (event.code === CLOSE_GONE) return [{ ...state, phase: "stopped", due: false }, [{ type: "gone" }]];
      const failures = state.failures + 1;
      return [
        { ...state, phase: "waiting", failures, due: false },
        [{ type: "wait", ms: delayMs(failures, random) }],
      ];
    }
  }
}

/** The wait after the n-th failure in a row, in milliseconds. */
export function delayMs(failures: number, random: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(Math.max(FIRST_DELAY_MS, whole * (0.75 + random * 0.25)));
}

function openIfPossible(state: Retry): [Retry, RetryEffect[]] {
  if (!state.gate || !state.due) return [state, []];
  return [{ ...state, phase: "opening", due: false }, [{ type: "open" }]];
}

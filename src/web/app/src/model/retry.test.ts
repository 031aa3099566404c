import { expect, test } from "vitest";
import {
  CLOSE_GONE,
  CLOSE_RECONNECTING,
  FIRST_DELAY_MS,
  LONGEST_DELAY_MS,
  STOPPED,
  delayMs,
  retryStep,
  type Retry,
  type RetryEffect,
  type RetryEvent,
} from "./retry";

function run(...events: RetryEvent[]): { state: Retry; effects: RetryEffect[] } {
  let state = STOPPED;
  const effects: RetryEffect[] = [];
  for (const event of events) {
    const [next, more] = retryStep(state, event, 0);
    state = next;
    effects.push(...more);
  }
  return { state, effects };
}

test("opens at once when started", () => {
  expect(run({ type: "start" }).effects).toEqual([{ type: "open" }]);
});

test("waits longer after each failure and a little when it had worked", () => {
  const lost: RetryEvent[] = [{ type: "closed", code: 1006 }, { type: "due" }];
  const waits = (events: RetryEvent[]) =>
    run({ type: "start" }, ...events).effects.flatMap((effect) => (effect.type === "wait" ? [effect.ms] : []));
  const growing = waits([...lost, ...lost, ...lost]);
  expect(growing).toEqual([...growing].sort((a, b) => a - b));
  expect(new Set(growing).size).toBe(3);
  const proved = waits([...lost, ...lost, { type: "opened" }, { type: "proved" }, ...lost]);
  expect(proved.at(-1)).toBe(FIRST_DELAY_MS);
});

test("no wait leaves its bounds", () => {
  for (const random of [0, 0.5, 1]) {
    for (let failures = 1; failures < 40; failures++) {
      const ms = delayMs(failures, random);
      expect(ms).toBeGreaterThanOrEqual(FIRST_DELAY_MS);
      expect(ms).toBeLessThanOrEqual(LONGEST_DELAY_MS);
    }
  }
});

test("a target that is away is waited for, and met at once when it is back", () => {
  const away: RetryEvent[] = [
    { type: "start" },
    { type: "opened" },
    { type: "gate", open: false },
    { type: "closed", code: CLOSE_RECONNECTING },
    { type: "due" },
  ];
  expect(run(...away).state.phase).toBe("waiting");
  expect(run(...away, { type: "gate", open: true }).effects.at(-1)).toEqual({ type: "open" });
});

test("a close before the session says that the target is away does not spin", () => {
  const { effects } = run({ type: "start" }, { type: "opened" }, { type: "closed", code: CLOSE_RECONNECTING });
  expect(effects.at(-1)).toEqual({ type: "wait", ms: FIRST_DELAY_MS });
});

test("what is gone is not opened again", () => {
  const { state, effects } = run(
    { type: "start" },
    { type: "opened" },
    { type: "closed", code: CLOSE_GONE },
    { type: "due" },
    { type: "gate", open: true },
  );
  expect(state.phase).toBe("stopped");
  expect(effects.at(-1)).toEqual({ type: "gone" });
});

test("nothing opens after a stop", () => {
  const { effects } = run({ type: "start" }, { type: "stop" }, { type: "due" }, { type: "closed", code: 1006 });
  expect(effects).toEqual([{ type: "open" }, { type: "close" }]);
});

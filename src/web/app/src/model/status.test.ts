import { expect, test } from "vitest";
import { bytesPerSecond, sampled, type Sample } from "./speed";
import { parseStatus } from "./status";
import { countdown, duration, exitWords, sizeWords } from "./words";

test("what this page does not know is ignored", () => {
  expect(parseStatus("not json")).toBeNull();
  expect(parseStatus('{"target":"gpu1","state":"levitating"}')).toBeNull();
  const status = parseStatus(
    '{"target":"gpu1","state":"connecting","new":1,"phases":[{"name":"attach","state":"done","ms":9},{"name":"dance","state":"active","ms":1}]}',
  );
  expect(status?.phases.map((phase) => phase.name)).toEqual(["attach"]);
});

test("a rate needs some time and looks at the last seconds only", () => {
  let samples: readonly Sample[] = sampled([], 0, 0);
  expect(bytesPerSecond(samples)).toBeNull();
  for (let at = 1000; at <= 10_000; at += 1000) samples = sampled(samples, at, at <= 5000 ? at : 5000 + (at - 5000) * 3);
  expect(bytesPerSecond(samples)).toBe(3000);
  expect(sampled(samples, 11_000, 5)).toEqual([{ at: 11_000, bytes: 5 }]);
});

test("quantities read well", () => {
  expect([380, 9940, 9960, 12_400, 65_000].map(duration)).toEqual(["0.4 s", "9.9 s", "10 s", "12 s", "1 min 05 s"]);
  expect([100, 3200, 30_000].map(countdown)).toEqual(["1 s", "4 s", "30 s"]);
  const exits = [{ code: 0 }, { signal: 9 }, { signal: 35 }, {}];
  const words = ["exited with status 0", "was ended by signal 9 (SIGKILL, killed)", "was ended by signal 35", "ended"];
  expect(exits.map(exitWords)).toEqual(words);
  const view = { cols: 80, rows: 24, layout: 1, clients: 2, leads: true } as const;
  expect(sizeWords({ ...view, sized_by: "smallest" })).toBe("80 × 24: the smallest of 2 browsers");
  expect(sizeWords({ ...view, sized_by: "other" })).toBe("80 × 24: the size of another browser");
});

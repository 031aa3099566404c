import { expect, test } from "vitest";
import { stageOf, type StageInputs } from "./stage";
import type { Status } from "./status";

const ready: Status = { target: "gpu1", phases: [], state: "ready", project: "gpu1", version: "1", ui: "" };
const failed: Status = { target: "gpu1", phases: [], state: "failed", why: "w", hint: "h" };
const usable: StageInputs = { door: "in", link: "open", status: ready, work: "usable", wasUsable: true };

test("ready means that a terminal is drawn, not only that the server answers", () => {
  expect(stageOf(usable)).toBe("ready");
  expect(stageOf({ ...usable, work: "opening", wasUsable: false })).toBe("connecting");
  expect(stageOf({ ...usable, work: "away" })).toBe("reconnecting");
  expect(stageOf({ ...usable, work: "failed", wasUsable: false })).toBe("failed");
});

test("a lost session is a reconnect, unless the last word was final", () => {
  expect(stageOf({ ...usable, link: "lost" })).toBe("reconnecting");
  expect(stageOf({ ...usable, link: "lost", status: null, wasUsable: false })).toBe("reconnecting");
  expect(stageOf({ ...usable, link: "lost", status: failed })).toBe("failed");
});

test("whoever is not signed in sees only that", () => {
  expect(stageOf({ ...usable, door: "out" })).toBe("signin");
});

test("a second connect never hides a workspace that was there", () => {
  const connecting: Status = { target: "gpu1", phases: [], state: "connecting" };
  expect(stageOf({ ...usable, status: connecting })).toBe("reconnecting");
  expect(stageOf({ ...usable, status: connecting, wasUsable: false })).toBe("connecting");
});

import { computed, signal } from "@preact/signals-core";
import { expect, test, vi } from "vitest";
import { settingsOf, type Settings } from "../model/settings";
import type { App } from "./app";
import { PasteGuard } from "./paste-guard";

function page() {
  const pasteNow = vi.fn();
  const workspace = { focus: vi.fn(), selected: signal("t1"), current: signal({ screen: { pasteNow } }) };
  const own = signal<Partial<Settings>>({});
  const app = { own, settings: computed(() => settingsOf(own.value, {})), workspace } as unknown as App;
  return { app, guard: new PasteGuard(app), pasteNow };
}

test("a paste of several lines waits for a yes, and a no forgets it", () => {
  const { guard, pasteNow } = page();
  expect(guard.holds("t1", "one", false)).toBe(false);
  expect(guard.holds("t1", "one\ntwo", true)).toBe(false);
  expect(guard.holds("t1", "one\ntwo", false)).toBe(true);
  guard.cancel();
  guard.confirm(false);
  expect(pasteNow).not.toHaveBeenCalled();
  guard.holds("t1", "one\ntwo", false);
  guard.confirm(false);
  expect(pasteNow).toHaveBeenCalledWith("one\ntwo");
});

test("a paste never reaches another terminal than it was meant for", () => {
  const { app, guard, pasteNow } = page();
  guard.holds("t1", "one\ntwo", false);
  (app.workspace.selected as unknown as { value: string }).value = "t2";
  guard.confirm(false);
  expect(pasteNow).not.toHaveBeenCalled();
});

test("who does not want to be asked again is not", () => {
  const { app, guard } = page();
  guard.holds("t1", "one\n", false);
  guard.confirm(true);
  expect(app.settings.value.asksBeforePaste).toBe(false);
  expect(guard.holds("t1", "one\n", false)).toBe(false);
});

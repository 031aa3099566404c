import { signal } from "@preact/signals-core";
import { afterEach, expect, test, vi } from "vitest";
import type { Settings } from "../model/settings";
import { CallError, type CallClient } from "../net/calls";
import type { App } from "./app";
import { SiteSettings, setForAll } from "./site-settings";

const SUBJECT = "hub.account.a1.settings";

/** A server whose file holds one setting. */
function served() {
  let inFile: number | null = null;
  const asked: string[] = [];
  const ask = async (subject: string, payload: { key?: string; value?: number | null }) => {
    asked.push(subject);
    if (subject === `${SUBJECT}.set`) {
      if ((payload.value ?? 0) > 32) throw new CallError(400, "`terminal_font_size` is a whole number from 8 to 32");
      inFile = payload.value ?? null;
    }
    const row = { key: "terminal_font_size", audience: "public", value: inFile ?? 14, in_file: inFile };
    return { file: "/c.toml", settings: [row] };
  };
  vi.stubGlobal("fetch", async () => ({ ok: true, json: async () => ({ account: "a1", settings: {} }) }));
  vi.stubGlobal("localStorage", { getItem: () => null });
  return { site: new SiteSettings({ ask } as unknown as CallClient), asked, held: () => inFile };
}

afterEach(() => vi.unstubAllGlobals());

test("a setting is saved at once, and taken back step by step", async () => {
  const { site, asked, held } = served();
  await site.load();
  expect(asked).toEqual([`${SUBJECT}.get`]);
  await site.set("terminal_font_size", 18);
  await site.set("terminal_font_size", 20);
  expect([held(), site.site.value.fontSize]).toEqual([20, 20]);
  await site.undo();
  expect(held()).toBe(18);
  await site.undo();
  expect([held(), site.site.value.fontSize]).toEqual([null, 14]);
  await site.undo();
  expect(site.changes.value).toEqual([]);
});

test("what the server refuses stands beside its field and changes nothing", async () => {
  const { site, held } = served();
  await site.load();
  await site.set("terminal_font_size", 99);
  expect(site.problems.value.get("terminal_font_size")).toBe("`terminal_font_size` is a whole number from 8 to 32");
  expect([held(), site.changes.value.length]).toEqual([null, 0]);
  await site.set("terminal_font_size", 9);
  expect(site.problems.value.size).toBe(0);
});

test("what is set for everybody is seen in a browser that had set its own", async () => {
  const { site } = served();
  await site.load();
  const own = signal<Partial<Settings>>({ fontSize: 30, theme: "dark" });
  await setForAll({ own, siteSettings: site } as unknown as App, "terminal_font_size", 18);
  expect(own.value).toEqual({ theme: "dark" });
});

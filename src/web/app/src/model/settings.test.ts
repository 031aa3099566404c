import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, readOlder, readOwn, readSite, settingsOf } from "./settings";

test("what a person set in this browser wins over the site, and that over the default", () => {
  const site = readSite({ theme: "dark", terminal_font_size: 18, terminal_cursor: "bar", site_name: "lab" });
  expect(settingsOf({ fontSize: 20 }, site)).toEqual({
    ...DEFAULT_SETTINGS,
    theme: "dark",
    fontSize: 20,
    cursor: "bar",
    siteName: "lab",
  });
});

test("what is damaged or of another time sets nothing", () => {
  for (const text of [null, "", "{", "null", "7", '{"theme":"blue","fontSize":"x"}']) expect(readOwn(text)).toEqual({});
  for (const told of [undefined, null, 7, { theme: 1, terminal_cursor: "dot" }]) expect(readSite(told)).toEqual({});
  expect(readOwn('{"fontSize":1000,"hasBell":false}')).toEqual({ fontSize: 32, hasBell: false });
});

test("of what an older page kept counts what had been changed", () => {
  const older = { theme: "auto", fontSize: 16, asksBeforePaste: true, hasBell: true, isWrapped: true };
  expect(readOlder(JSON.stringify(older))).toEqual({ fontSize: 16, isWrapped: true });
});

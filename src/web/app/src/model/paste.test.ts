import { expect, test } from "vitest";
import { isRiskyPaste, pastePreview, pasteText } from "./paste";

test("lines and control characters are asked about, unless the program brackets pastes", () => {
  for (const text of ["a\nb", "rm -rf x\n", "a\rb", "\x1b[A", "a\x03"]) {
    expect(isRiskyPaste(text, false), JSON.stringify(text)).toBe(true);
    expect(isRiskyPaste(text, true)).toBe(false);
  }
  for (const text of ["ls -l", "a\tb", "grüße 😀"]) expect(isRiskyPaste(text, false)).toBe(false);
});

test("a paste cannot leave its bracket", () => {
  expect(pasteText("a\x1b[201~rm\n", true)).toBe("a␛[201~rm\n");
  expect(pasteText("a\x1b", false)).toBe("a\x1b");
});

test("a preview shows the first lines and what is invisible", () => {
  expect(pastePreview("one\r\ntwo\x1b[A\n")).toEqual({ lines: ["one", "two^[[A"], total: 2, hasControls: true });
  const long = pastePreview(`${"x".repeat(500)}\n${"y\n".repeat(99)}`);
  expect([long.lines.length, long.lines[0]?.length, long.total]).toEqual([6, 121, 100]);
});

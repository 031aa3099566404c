import { expect, test } from "vitest";
import { LONGEST_COPY_BYTES, parseCopy, parseOpen } from "./osc";

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

test("a copy to the clipboard is read, in UTF-8", () => {
  for (const where of ["c", "", "s", "pc", "s0"]) expect(parseCopy(`${where};${base64("grüße\n")}`)).toBe("grüße\n");
});

test("reading, other selections, rubbish and too much are refused", () => {
  const much = base64(new Uint8Array(LONGEST_COPY_BYTES + 1));
  for (const body of ["c;?", "p;QQ==", "c;", "c", "c;Q", "x;QQ==", `c;${much}`]) expect(parseCopy(body)).toBeNull();
  expect(parseCopy(`c;${base64("x".repeat(LONGEST_COPY_BYTES))}`)).toHaveLength(LONGEST_COPY_BYTES);
});

test("an absolute path is opened and nothing else", () => {
  expect(parseOpen(`open;${base64("/home/u/naïve notes.md")}`)).toBe("/home/u/naïve notes.md");
  for (const body of [`open;${base64("relative")}`, `run;${base64("/bin/sh")}`, "open;", "open", `open;${base64("/a\0")}`]) {
    expect(parseOpen(body)).toBeNull();
  }
  expect(parseOpen(`open;${base64(`/${"x".repeat(17_000)}`)}`)).toBeNull();
});

test("a path is taken as it was written, and bytes that are no text are none", () => {
  for (const path of ["/\u{10ffff}a", "/a😀\ufeffb"]) expect(parseOpen(`open;${base64(path)}`)).toBe(path);
  expect(parseOpen(`open;${base64(Uint8Array.of(0x2f, 0xff))}`)).toBeNull();
});

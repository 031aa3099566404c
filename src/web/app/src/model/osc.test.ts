import { expect, test } from "vitest";
import { LONGEST_COPY_BYTES, parseCopy, parseOpen, pathText } from "./osc";

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
  expect(parseOpen(`open;${base64(`/${"x".repeat(5000)}`)}`)).toBeNull();
});

test("a name that is no UTF-8 stays exact", () => {
  const raw = (...bytes: number[]) => bytes.map((byte) => String.fromCodePoint(0x10ff00 + byte)).join("");
  expect(pathText(Uint8Array.of(0x2f, 0xff, 0x61))).toBe(`/${raw(0xff)}a`);
  expect(pathText(Uint8Array.of(0x2f, 0xe2, 0x82, 0x61))).toBe(`/${raw(0xe2, 0x82)}a`);
  expect(pathText(Uint8Array.of(0xc0, 0xaf, 0xc3, 0xa9))).toBe(`${raw(0xc0, 0xaf)}é`);
  expect(pathText(new TextEncoder().encode("\u{10ff41}"))).toBe(raw(0xf4, 0x8f, 0xbd, 0x81));
  expect(pathText(new TextEncoder().encode("a😀\ufeffb"))).toBe("a😀\ufeffb");
});

import { expect, test } from "vitest";
import { indentName, indentOf } from "./indent";
import { wholeLines } from "./page-text";
import { decode, decodeLatin1, encode, encodingName, isBinary, lineBreakOf, UnwritableError } from "./text";

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)));

test("UTF-8 makes the round trip, with and without its mark, whatever ends its lines", () => {
  for (const text of [
    "",
    "a",
    "a\n",
    "a\r\nb\r\n",
    "a\rb",
    "a\r\nb\nc\r",
    "日本\u{1f600}",
    "\ufeffbom\n",
    "\ufeff\ufeff",
  ]) {
    const original = bytes(text);
    const decoded = decode(original);
    if (decoded.kind !== "text") throw new Error(decoded.kind);
    expect(encode(decoded.text, decoded.codec)).toEqual(original);
  }
});

test("UTF-16 is told by its mark and makes the round trip", () => {
  for (const isLittleEndian of [true, false]) {
    const text = "\ufeffa\r\n日本\u{1f600}";
    const units = new DataView(new ArrayBuffer(text.length * 2));
    [...text.split("")].forEach((unit, at) => units.setUint16(at * 2, unit.charCodeAt(0), isLittleEndian));
    const original = new Uint8Array(units.buffer);
    const decoded = decode(original);
    if (decoded.kind !== "text") throw new Error(decoded.kind);
    expect([decoded.text, encodingName(decoded.codec)]).toEqual([text.slice(1), isLittleEndian ? "UTF-16 LE" : "UTF-16 BE"]);
    expect(encode(decoded.text, decoded.codec)).toEqual(original);
  }
  const mark = [0xff, 0xfe];
  for (const none of [[...mark, 0, 0, 0x61, 0, 0, 0], [...mark, 0, 0xd8], [...mark, 0, 0x61, 0]]) {
    expect(decode(bytes(none)).kind).toBe("binary");
  }
});

test("every byte makes the round trip as Latin-1", () => {
  const all = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256);
  const { text, codec } = decodeLatin1(all);
  expect(encode(text, codec)).toEqual(all);
});

test("Latin-1 refuses what it cannot write, and says where", () => {
  const { codec } = decodeLatin1(bytes([0xe9]));
  expect(() => encode("a\nb €", codec)).toThrow(UnwritableError);
  expect(() => encode("a\nb €", codec)).toThrow("line 2");
});

test("bytes are told apart: text, other encodings, no text", () => {
  expect(decode(bytes("caf", [0xe9])).kind).toBe("not-utf8");
  expect(decode(bytes("a", [0], "b")).kind).toBe("binary");
  expect(isBinary(bytes("plain"))).toBe(false);
});

test("line ends are told, also where they are mixed", () => {
  const found = ["one line", "a\nb", "a\r\nb", "a\rb", "a\r\nb\n", "a\n\r\n"].map(lineBreakOf);
  expect(found).toEqual(["\n", "\n", "\r\n", "\r", "mixed", "mixed"]);
});

test("indentation is told from the lines", () => {
  expect(indentName(indentOf("a:\n  b:\n    c\n  d\n"))).toBe("2 spaces");
  expect(indentName(indentOf("f {\n\tg {\n\t\th\n"))).toBe("Tabs");
  expect(indentName(indentOf("/**\n * a\n * b\n */\nx {\n    y\n}\n"))).toBe("4 spaces");
  expect(indentName(indentOf("nothing"))).toBe("4 spaces");
});

test("a page of a large text has every line once, and no torn character", () => {
  const growing = Array.from({ length: 50 }, (_, at) => `${at} ${"é".repeat(at)}\n`).join("");
  for (const text of [growing, "fifteen letters\n".repeat(64)]) {
    const whole = bytes(text);
    const pages: string[] = [];
    for (let at = 0; at < whole.length; at += 256)
      pages.push(wholeLines(whole.subarray(at, at + 256 + 128), 256, at === 0));
    expect(pages.join("")).toBe(text);
  }
});

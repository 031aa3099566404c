import { expect, test } from "vitest";
import {
  base,
  depthBelow,
  editable,
  edited,
  isWithin,
  join,
  nameProblem,
  parent,
  pasteable,
  resolved,
  shown,
  stemLength,
  withTilde,
} from "./paths";

const RAW = String.fromCodePoint(0x10ff00 + 0xff);

test("paths are taken apart and put together", () => {
  expect([parent("/a/b"), parent("/a"), parent("/")]).toEqual(["/a", "/", "/"]);
  expect([base("/a/b"), base("/")]).toEqual(["b", ""]);
  expect([join("/", "a"), join("/a", "b")]).toEqual(["/a", "/a/b"]);
  expect(resolved("../x/./y//z", "/a/b")).toBe("/a/x/y/z");
  expect(resolved("/../..", "/a")).toBe("/");
});

test("a directory of a like name is not within", () => {
  expect(isWithin("/ab", "/a")).toBe(false);
  expect(isWithin("/a/b", "/a")).toBe(true);
  expect(isWithin("/x", "/")).toBe(true);
});

test("depth counts directories below the root", () => {
  expect(depthBelow("/h", "/h")).toBe(0);
  expect(depthBelow("/h/a/b", "/h")).toBe(2);
  expect(depthBelow("/a", "/")).toBe(1);
});

test("what cannot be seen is shown as an escape, raw bytes as one sign", () => {
  expect(shown(`bad-${RAW}${RAW}.txt`)).toBe("bad-\ufffd.txt");
  expect(shown("a\nb\te\x1b[31m")).toBe("a\\nb\\te\\e[31m");
  expect(shown("exe\u202etxt.cod")).toBe("exe\\u{202e}txt.cod");
  expect(shown("日本 é.txt")).toBe("日本 é.txt");
});

test("an edited name keeps its control characters and raw bytes", () => {
  const odd = `a\nb${RAW}\x7f`;
  expect(edited(editable(odd), odd)).toBe(odd);
  expect(edited(editable(odd).replace("a", "x"), odd)).toBe(`x\nb${RAW}\x7f`);
  expect(edited("␊", "plain")).toBe("␊");
});

test("renaming selects what stands before the ending", () => {
  expect([stemLength("a.txt"), stemLength(".bashrc"), stemLength("README")]).toEqual([1, 7, 6]);
});

test("names that no directory takes are refused", () => {
  expect(nameProblem("é".repeat(128))).toContain("255");
  for (const name of ["", ".", "..", "a/b", "a\0"]) expect(nameProblem(name)).not.toBeNull();
  for (const name of ["-rf", " ", "a\nb", "é".repeat(127)]) expect(nameProblem(name)).toBeNull();
});

test("a copied path is what a shell takes", () => {
  expect(pasteable("/a b/it's")).toBe("/a b/it's");
  expect(pasteable(`/it's/bad-${String.fromCodePoint(0x10ffff)}a\\`)).toBe("$'/it\\'s/bad-\\xffa\\\\'");
  expect(pasteable("/a\nb")).toBe("$'/a\\x0ab'");
});

test("home is a tilde, and only where it is the home", () => {
  expect(withTilde("/home/u/x", "/home/u")).toBe("~/x");
  expect(withTilde("/home/u", "/home/u")).toBe("~");
  expect(withTilde("/home/us", "/home/u")).toBe("/home/us");
  expect(withTilde("/x", "/")).toBe("/x");
});

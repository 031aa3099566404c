import { expect, test } from "vitest";
import { placeAgain, type Lines } from "./place";

const lines = (all: string[], rows = 3): Lines => ({ count: all.length, rows, at: (line) => all[line] ?? "" });
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at}`);
const seen = (fromEnd: number, ...texts: string[]) => ({ fromEnd, lines: texts });

test("the end stays the end, whatever came meanwhile", () => {
  expect(placeAgain(seen(0, "line 7", "line 8", "line 9"), lines(numbered(0, 50)))).toBe(47);
});

test("without new output the distance from the end is the same", () => {
  expect(placeAgain(seen(2, "line 15", "line 16", "line 17"), lines(numbered(0, 20)))).toBe(15);
});

test("lines that came meanwhile do not move what is read", () => {
  expect(placeAgain(seen(2, "line 15", "line 16", "line 17"), lines(numbered(0, 900)))).toBe(15);
});

test("of equal places the nearest to the old distance is taken", () => {
  expect(placeAgain(seen(5, "y", "y", "y"), lines(Array<string>(40).fill("y")))).toBe(32);
});

test("a place that is gone is guessed", () => {
  expect(placeAgain(seen(4, "x"), lines(numbered(0, 20)))).toBe(13);
  expect(placeAgain(seen(400, "x"), lines(numbered(0, 20)))).toBe(0);
  expect(placeAgain(seen(4, "x"), lines(["a"]))).toBe(0);
});

import { expect, test } from "vitest";
import { applied, itemsOf, ordered, type Kind, type Order, type WireListing } from "./listing";
import type { Entry } from "../methods";
import { sortKey } from "./natural";

function listing(...entries: [name: string, kind?: Kind, size?: number, mtime?: number][]): WireListing {
  return {
    path: "/d",
    names: entries.map(([name]) => name),
    kinds: entries.map(([, kind]) => kind ?? "f").join(""),
    sizes: entries.map(([, , size]) => size ?? 0),
    mtimes: entries.map(([, , , mtime]) => mtime ?? 0),
    modes: entries.map(() => 0o644),
  };
}

function entry(name: string, size: number, kind: Entry["kind"] = "file"): Entry {
  return { name, kind, size, mtime: size, mode: 0o644, link: null, readable: true };
}

const BY_NAME: Order = { by: "name", isDescending: false };
const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

test("numbers are ordered by value, letters whatever their case", () => {
  const given = ["file10", "File2", "file1", "file002b", "a", "É", "e", "f", "_x", "10", "9", "file2a"];
  const sorted = [...given].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  expect(sorted).toEqual(["9", "10", "_x", "a", "e", "É", "f", "file1", "File2", "file2a", "file002b", "file10"]);
});

test("folders come first, links to folders among them", () => {
  const items = ordered(itemsOf(listing(["b"], ["z", "d"], ["a"], ["y", "L"], ["x", "l"])), BY_NAME);
  expect(names(items)).toEqual(["y", "z", "a", "b", "x"]);
});

test("by size the names decide among equals, and folders stay by name", () => {
  const items = itemsOf(listing(["b", "f", 1], ["a", "f", 1], ["c", "f", 9], ["q", "d", 7], ["p", "d", 8]));
  expect(names(ordered(items, { by: "size", isDescending: true }))).toEqual(["q", "p", "c", "b", "a"]);
});

test("a change replaces, adds and removes, each once", () => {
  const items = itemsOf(listing(["a", "f", 1], ["b"], ["c"]));
  const next = applied(items, "/d", [entry("a", 5), entry("d", 2)], ["b", "nothing"], BY_NAME);
  expect(next.map(({ name, size }) => [name, size])).toEqual([
    ["a", 5],
    ["c", 0],
    ["d", 2],
  ]);
});

test("what changes takes its place in any order, be it few or many", () => {
  const there = itemsOf(listing(...Array.from({ length: 300 }, (_, at): [string] => [`file${at}`])));
  for (const by of ["name", "size", "mtime"] as const)
    for (const isDescending of [false, true])
      for (const count of [1, 9, 49, 250]) {
        const order = { by, isDescending };
        const changed = Array.from({ length: count }, (_, at) =>
          entry(`file${at * 7}`, (at * 13) % 11, at % 5 === 0 ? "directory" : "file"),
        );
        const next = applied(ordered(there, order), "/d", changed, ["file3"], order);
        const kept = next.filter(({ name }) => !changed.some((one) => one.name === name));
        expect(new Set(names(next)).size).toBe(next.length);
        expect(kept.length + count).toBe(next.length);
        expect(names(next)).toEqual(names(ordered([...next].reverse(), order)));
      }
});

test("a link to a directory is told from other links", () => {
  const link = { name: "l", kind: "symlink" as const, size: 3, mtime: 1, mode: 0o777, readable: true };
  const kinds = [
    { to: "x", kind: "directory" as const },
    { to: "x", kind: "file" as const },
    { to: "x", kind: null },
  ].map((to) => applied([], "/d", [{ ...link, link: to }], [], BY_NAME)[0]?.kind);
  expect(kinds).toEqual(["L", "l", "l"]);
});

test("100,000 names are ordered in much less than a second", () => {
  const many = listing(...Array.from({ length: 100_000 }, (_, at): [string] => [`file-${(at * 7919) % 100_000}.txt`]));
  const began = performance.now();
  const items = ordered(itemsOf(many), BY_NAME);
  expect(performance.now() - began).toBeLessThan(1500);
  expect(items[99_999]?.name).toBe("file-99999.txt");
});

import { expect, test } from "vitest";
import { itemsOf, ordered } from "./listing";
import {
  byDirectory,
  indexOfPath,
  isItem,
  mayMoveTo,
  outermost,
  pathOf,
  rowsOf,
  typeAhead,
  type Directory,
  type Layout,
} from "./tree";

function directory(path: string, ...names: string[]): [string, Directory] {
  const plain = names.map((name) => name.replace(/[/@]$/, ""));
  const kinds = names.map((name) => (name.endsWith("/") ? "d" : name.endsWith("@") ? "L" : "f")).join("");
  const zeros = names.map(() => 0);
  const items = ordered(itemsOf({ path, names: plain, kinds, sizes: zeros, mtimes: zeros, modes: zeros }), {
    by: "name",
    isDescending: false,
  });
  return [path, { path, state: "listed", items, mayHaveHidden: true, problem: null, polling: null }];
}

function layout(directories: [string, Directory][], expanded: string[], change: Partial<Layout> = {}): Layout {
  return {
    root: "/h",
    directories: new Map(directories),
    expanded: new Set(expanded),
    isHiddenShown: false,
    filter: "",
    ...change,
  };
}

const texts = (given: Layout) => rowsOf(given).map((row) => (isItem(row) ? pathOf(row) : `${row.dir} ${row.note}`));

const TREE = [
  directory("/h", "a/", "b/", ".hidden", "file"),
  directory("/h/a", "deep/", "x"),
  directory("/h/a/deep"),
  directory("/h/b", "y"),
];

test("open folders are laid out in place, hidden names left out", () => {
  expect(texts(layout(TREE, ["/h/a"]))).toEqual(["/h/a", "/h/a/deep", "/h/a/x", "/h/b", "/h/file"]);
  expect(texts(layout(TREE, [], { isHiddenShown: true }))).toContain("/h/.hidden");
});

test("empty, unread and refused directories say so", () => {
  expect(texts(layout(TREE, ["/h/a", "/h/a/deep"]))).toContain("/h/a/deep empty");
  const refused: [string, Directory] = [
    "/h/b",
    { path: "/h/b", state: "refused", items: [], mayHaveHidden: false, problem: "permission denied", polling: null },
  ];
  expect(texts(layout([...TREE.slice(0, 1), refused], ["/h/a", "/h/b"]))).toEqual([
    "/h/a",
    "/h/a loading",
    "/h/b",
    "/h/b refused",
    "/h/file",
  ]);
});

test("what was listed before stays on screen while it is listed again", () => {
  const [path, known] = directory("/h", "one");
  expect(texts(layout([[path, { ...known, state: "loading" }]], []))).toEqual(["/h/one"]);
});

test("a filter keeps what leads to a match", () => {
  expect(texts(layout(TREE, ["/h/a", "/h/b"], { filter: "X" }))).toEqual(["/h/a", "/h/a/x"]);
  expect(texts(layout(TREE, [], { filter: ".*" }))).toEqual(["/h filtered"]);
  expect(texts(layout(TREE, [], { filter: "nowhere" }))).toEqual(["/h filtered"]);
});

test("a link to a directory above does not open without end", () => {
  const circle = [directory("/h", "up@"), ["/h/up", directory("/h/up", "up@")[1]] as [string, Directory]];
  expect(texts(layout(circle, ["/h/up", "/h/up/up"]))).toEqual(["/h/up", "/h/up/up", "/h/up/up loading"]);
});

test("rows are found by path and by what is typed", () => {
  const rows = rowsOf(layout(TREE, ["/h/a"]));
  expect(indexOfPath(rows, "/h/a/x")).toBe(2);
  expect(indexOfPath(rows, "/h/gone")).toBe(-1);
  for (const near of [-1, 0, 2, 3, 99]) {
    expect(rows.map((row) => (isItem(row) ? indexOfPath(rows, pathOf(row), near) : null))).toEqual([0, 1, 2, 3, 4]);
    expect(indexOfPath(rows, "/h/gone", near)).toBe(-1);
  }
  expect(typeAhead(rows, 3, "D")).toBe(1);
});

test("what lies in a selected folder goes along with it", () => {
  expect(outermost(new Set(["/h/a", "/h/a/x", "/h/ab", "/h/a/deep/q"]))).toEqual(["/h/a", "/h/ab"]);
  expect([...byDirectory(["/a/1", "/b/2", "/a/3"])]).toEqual([
    ["/a", ["/a/1", "/a/3"]],
    ["/b", ["/b/2"]],
  ]);
});

test("nothing moves into itself or to where it is", () => {
  expect(mayMoveTo(["/h/a"], "/h/a/deep")).toBe(false);
  expect(mayMoveTo(["/h/a"], "/h")).toBe(false);
  expect(mayMoveTo(["/h/a", "/h/b/y"], "/h")).toBe(true);
});

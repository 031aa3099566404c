import { signal } from "@preact/signals-core";
import { expect, test } from "vitest";
import type { Row } from "../../model/files/tree";
import { Selection } from "./selection";

function of(...names: string[]) {
  const rows: Row[] = names.map((name) => ({ dir: "/d", name, key: name, kind: "f", size: 0, mtime: 0, mode: 0 }));
  const selection = new Selection(signal(rows));
  return { selection, selected: () => [...selection.selected.value].map((path) => path.slice(3)).join("") };
}

test("arrows, ends and pages go from entry to entry", () => {
  const { selection, selected } = of("a", "b", "c", "d");
  const seen = (["down", "down", "last", "up", "pageUp", "pageDown"] as const).map((step) => {
    selection.step(step, 2, false);
    return selected();
  });
  expect(seen.join(" ")).toBe("a b d c a c");
});

test("Shift extends from where the selection began, both ways", () => {
  const { selection, selected } = of("a", "b", "c", "d");
  selection.only("/d/c");
  selection.step("up", 1, true);
  selection.step("up", 1, true);
  expect(selected()).toBe("abc");
  selection.step("last", 1, true);
  expect(selected()).toBe("cd");
});

test("letters of one word are taken together, the same letter goes on", () => {
  const { selection, selected } = of("alpha", "beta", "bravo", "brick");
  selection.type("b", 0);
  selection.type("r", 100);
  expect(selected()).toBe("bravo");
  selection.type("b", 5000);
  expect(selected()).toBe("brick");
  selection.type("b", 5100);
  expect(selected()).toBe("beta");
});

test("after a removal the next entry is selected, else the one before", () => {
  const { selection, selected } = of("a", "b", "c");
  selection.afterRemoving(["/d/b"]);
  expect(selected()).toBe("c");
  selection.afterRemoving(["/d/b", "/d/c"]);
  expect(selected()).toBe("a");
  selection.afterRemoving(["/d/a", "/d/b", "/d/c"]);
  expect(selected()).toBe("");
});

import { expect, test } from "vitest";
import type { View } from "./frames";
import { fitOf, notePlace } from "./size-note";

const wish = { cols: 120, rows: 40 };
const view = (cols: number, rows: number, change: Partial<View> = {}): View => ({
  cols,
  rows,
  layout: 1,
  clients: 2,
  leads: true,
  sized_by: "smallest",
  ...change,
});

test("a difference counts only while another browser makes it", () => {
  expect([fitOf(null, wish), fitOf(view(80, 24, { clients: 1 }), wish), fitOf(view(120, 40), wish)]).toEqual(Array(3).fill("exact"));
  expect([fitOf(view(80, 24), wish), fitOf(view(80, 50), wish)]).toEqual(["smaller", "larger"]);
  expect(fitOf(view(80, 24), { cols: 0, rows: 0 })).toBe("exact");
});

test("the words stand where there is room", () => {
  expect(notePlace(view(80, 24), wish, 14)).toBe("below");
  expect(notePlace(view(80, 39), wish, 14)).toBe("beside");
  expect(notePlace(view(118, 39), wish, 14)).toBe("bar");
  expect(notePlace(view(200, 50), wish, 14)).toBe("bar");
  expect(notePlace(view(120, 40), wish, 14)).toBeNull();
});

test("whoever set the size can always give it back, while others look", () => {
  expect(notePlace(view(120, 40, { sized_by: "you" }), wish, 14)).toBe("bar");
  expect(notePlace(view(120, 40, { sized_by: "you", clients: 1 }), wish, 14)).toBeNull();
});

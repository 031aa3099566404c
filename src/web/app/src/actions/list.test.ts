import { expect, test } from "vitest";
import { combination, preferred, shown } from "../model/keys";
import { ACTIONS, search } from "./list";

test("no two actions share a key or a name", () => {
  const keys = ACTIONS.flatMap(({ keys, terminalKeys, front }) =>
    [...keys, ...(terminalKeys ?? [])].map((key) => `${key} ${front ?? ""}`),
  );
  const names = ACTIONS.map((action) => action.name);
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test("no action takes a key that shells and editors use", () => {
  const isPlain = (key: string) => !/Meta|Ctrl\+Shift|Alt\+Shift/.test(key);
  const inTerminals = ACTIONS.filter((action) => action.front !== "file");
  // Terminals have no character for it either; many programs open their settings by it.
  expect(inTerminals.flatMap((action) => action.keys).filter(isPlain)).toEqual(["Ctrl+Comma"]);
  // Terminals have no characters for these: they are the browser's zoom.
  const zoom = ["Ctrl+Equal", "Ctrl+Minus", "Ctrl+0"];
  // And these scroll in other terminals, too, while no program has the whole screen.
  const scroll = ["Ctrl+Home", "Shift+Home", "Ctrl+End", "Shift+End"];
  expect(ACTIONS.flatMap((action) => action.terminalKeys ?? []).filter(isPlain)).toEqual([...scroll, ...zoom]);
});

test("keys are spelled as events give them", () => {
  const order = /^(?:Ctrl\+)?(?:Alt\+)?(?:Shift\+)?(?:Meta\+)?(?:[A-Z0-9]|Arrow\w+|Equal|Minus|Comma|Home|End)$/;
  const keys = ACTIONS.flatMap((action) => [...action.keys, ...(action.terminalKeys ?? [])]);
  for (const key of keys) expect(key).toMatch(order);
});

const pressed = { key: "", code: "", ctrlKey: false, altKey: false, shiftKey: false, metaKey: false };

test("Option and Shift on a Mac do not hide which key it is", () => {
  const event = { ...pressed, key: "ˇ", code: "KeyT", altKey: true, shiftKey: true };
  expect(combination(event)).toBe("Alt+Shift+T");
  expect(combination({ ...pressed, key: "P", code: "KeyR", ctrlKey: true, shiftKey: true })).toBe("Ctrl+Shift+P");
  expect(combination({ ...pressed, key: "+", code: "Equal", altKey: true, shiftKey: true })).toBe("Alt+Shift+Equal");
});

test("a key is shown as this computer's keyboard has it", () => {
  const keys = ["Ctrl+Shift+P", "Meta+K"];
  expect(shown(preferred(keys, true)!, true)).toBe("⌘K");
  expect(shown(preferred(keys, false)!, false)).toBe("Ctrl Shift P");
});

test("a search needs every word and prefers labels", () => {
  expect(search(ACTIONS, "new term").map((action) => action.name)).toEqual(["terminal.new"]);
  expect(search(ACTIONS, "SWITCH")[0]?.name).toBe("theme.toggle");
  expect(search(ACTIONS, "xyzzy")).toEqual([]);
  expect(search(ACTIONS, "")).toHaveLength(ACTIONS.length);
});

import { expect, test } from "vitest";
import { isReply } from "./replies";
import { inOrder, instead, neighbour, selectedAfterClosing, tabLabel, tabOf, withRows, type Tab } from "./tabs";

const tab = (id: string, change: Partial<Tab> = {}): Tab => ({ id, program: "bash", title: null, end: null, ...change });
const row = (id: string) => ({ id, title: "bash", pid: 1, started_at: 0 });
const ids = (tabs: readonly Tab[]) => tabs.map((one) => one.id).join(" ");

test("a list keeps order, live titles and terminals that have visibly ended", () => {
  const tabs = [tab("b", { title: "vim" }), tab("a", { end: { exit: { code: 0 } } }), tab("unseen")];
  const next = withRows(tabs, [row("c"), row("b")], new Set(["a", "b"]));
  expect(ids(next)).toBe("b a c");
  expect(next.map(tabLabel)).toEqual(["vim", "bash", "bash"]);
});

test("the first list takes in what was shown before it came", () => {
  const shown = tab("b", { program: "", title: "vim" });
  expect(inOrder([shown], [row("a"), row("b")])).toEqual([tab("a"), tab("b", { title: "vim" })]);
  expect(ids(inOrder([tab("unheard")], [row("a")]))).toBe("a unheard");
});

test("a drawn terminal that vanished keeps its screen and says so", () => {
  const next = withRows([tab("a"), tab("b")], [row("b")], new Set(["a", "b"]));
  expect(next.map((one) => one.end)).toEqual([{ gone: true }, null]);
});

test("neighbours go around the end", () => {
  const tabs = [tab("a"), tab("b"), tab("c")];
  expect([neighbour(tabs, "c", 1), neighbour(tabs, "a", -1), neighbour(tabs, null, 1)]).toEqual(["a", "c", "a"]);
  expect(neighbour([], "a", 1)).toBeNull();
});

test("a terminal that is started again takes the place of the old one", () => {
  const tabs = [tab("a"), tab("b", { end: { exit: { code: 1 } } }), tab("c")];
  expect(ids(instead(tabs, "b", tabOf(row("d"))))).toBe("a d c");
  expect(ids(instead(tabs, "gone", tabOf(row("d"))))).toBe("a b c d");
});

test("closing the selected tab selects the right neighbour, else the left one", () => {
  const tabs = [tab("a"), tab("b")];
  expect(selectedAfterClosing(tabs, "a", "a")).toBe("b");
  expect(selectedAfterClosing(tabs, "b", "b")).toBe("a");
  expect(selectedAfterClosing(tabs, "a", "b")).toBe("b");
  expect(selectedAfterClosing([tab("a")], "a", "a")).toBeNull();
});

test("answers of the emulator are told from keys", () => {
  const replies = ["\x1b[?1;2c", "\x1b[>0;276;0c", "\x1b[0n", "\x1b[12;40R", "\x1b[?2026;2$y", "\x1b[I"];
  const long = ["\x1b]11;rgb:1212/1515/1a1a\x1b\\", "\x1bP1$r0m\x1b\\", "\x1b[0n\x1b[1;1R"];
  for (const reply of [...replies, ...long]) expect(isReply(reply), JSON.stringify(reply)).toBe(true);
  for (const key of ["a", "\r", "\x1b", "\x1b[A", "\x1bOP", "\x1b[1;5C", "\x1b[3~", "\x1b[200~text\x1b[201~"]) {
    expect(isReply(key), JSON.stringify(key)).toBe(false);
  }
});

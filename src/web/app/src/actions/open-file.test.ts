import { expect, test, vi } from "vitest";
import { CallError } from "../net/calls";
import type { App } from "./app";
import { openFromTerminal } from "./open-file";

/** A page whose server finds whatever does not begin with `/no`, and whose terminal t1 may have the keyboard. */
function page({ isInFront = true } = {}) {
  const call = vi.fn((_project: string, _method: string, { path }: { path: string }) =>
    path.startsWith("/no")
      ? Promise.reject(new CallError(404, "no such file"))
      : Promise.resolve({ kind: path.endsWith("directory") ? "directory" : "file" }),
  );
  const files = { openPath: vi.fn(), openBehind: vi.fn(), explorer: { show: vi.fn() } };
  const show = vi.fn();
  const session = { ready: { value: { project: "gpu1" } } };
  const current = { value: { screen: { hasFocus: () => isInFront } } };
  const workspace = { lookedAt: { value: "t1" }, current };
  const app = { session, calls: { call }, workspace, files: { load: async () => files, show } } as unknown as App;
  return { app, call, files, show };
}

test("a file that a program names opens when the server finds it, and not too many", async () => {
  const { app, call, files } = page();
  await openFromTerminal(app, "t1", "/home/u/../u/./notes.md");
  expect(call).toHaveBeenCalledWith("gpu1", "files.stat", { path: "/home/u/notes.md" });
  expect(files.openPath).toHaveBeenCalledWith("/home/u/notes.md");
  await openFromTerminal(app, "t1", "/nowhere");
  expect(files.openPath).toHaveBeenCalledTimes(1);
  for (let count = 0; count < 100; count++) await openFromTerminal(app, "t1", `/many/${count}`);
  expect(files.openPath.mock.calls.length).toBeLessThanOrEqual(20);
});

test("it stays behind what has the keyboard instead of its terminal", async () => {
  vi.spyOn(performance, "now").mockReturnValue(1e9);
  for (const [terminal, isInFront] of [["t2", true], ["t1", false]] as const) {
    const { app, files, show } = page({ isInFront });
    await openFromTerminal(app, terminal, "/home/notes.md");
    await openFromTerminal(app, terminal, "/directory");
    expect(files.openBehind.mock.calls).toEqual([["/home/notes.md"]]);
    expect([files.openPath, files.explorer.show, show].map((one) => one.mock.calls)).toEqual([[], [], []]);
  }
  const { app, files, show } = page();
  await openFromTerminal(app, "t1", "/directory");
  expect(files.explorer.show).toHaveBeenCalledWith("/directory");
  expect(show).toHaveBeenCalled();
});

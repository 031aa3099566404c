import { expect, test, vi } from "vitest";
import { CallError } from "../net/calls";
import type { App } from "./app";
import { openFromTerminal } from "./open-file";

/** A page whose server finds whatever does not begin with `/no`. */
function page(openFile: App["openFile"]) {
  const report = vi.fn();
  const call = vi.fn((_subject: string, { path }: { path: string }) =>
    path.startsWith("/no") ? Promise.reject(new CallError(404, "no such file")) : Promise.resolve({}),
  );
  const session = { ready: { value: { project: "gpu1" } } };
  return { app: { session, calls: { call }, workspace: { report }, openFile } as unknown as App, call, report };
}

test("a file that a program names opens when the server finds it, and not too many", async () => {
  const open = vi.fn();
  const { app, call, report } = page(open);
  await openFromTerminal(app, "/home/u/notes.md");
  expect(call).toHaveBeenCalledWith("project.gpu1.files.stat", { path: "/home/u/notes.md" });
  expect(open).toHaveBeenCalledWith("/home/u/notes.md");
  await openFromTerminal(app, "/nowhere");
  expect(open).toHaveBeenCalledTimes(1);
  for (let count = 0; count < 100; count++) await openFromTerminal(app, `/many/${count}`);
  expect(open.mock.calls.length).toBeLessThanOrEqual(20);
  expect(report).not.toHaveBeenCalled();
});

test("without a viewer the page says so", async () => {
  vi.spyOn(performance, "now").mockReturnValue(1e9);
  const { app, report } = page(null);
  await openFromTerminal(app, "/home/u/notes.md");
  expect(report).toHaveBeenCalledWith("no viewer for files yet");
});

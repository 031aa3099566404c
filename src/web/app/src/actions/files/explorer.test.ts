/** Which directories the explorer asks for. */

import { expect, test } from "vitest";
import type { Watcher, WatchClient } from "../../net/files/watch";
import { Explorer } from "./explorer";

function watched(): { watch: WatchClient; paths: string[] } {
  const paths: string[] = [];
  const watch = { watch: (path: string, _: Watcher) => (paths.push(path), () => {}) };
  return { watch: watch as unknown as WatchClient, paths };
}

test("no directory is asked for before the home directory is known", () => {
  const { watch, paths } = watched();
  const explorer = new Explorer(watch);
  explorer.expand("/home/a/b");
  expect(paths).toEqual([]);
  explorer.begin("/home/a");
  expect(paths).toEqual(["/home/a"]);
});

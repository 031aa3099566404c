/**
 * Files that a program in a terminal wants shown: `cocalc-plus open FILE`.
 *
 * Any output can ask for it, also that of `cat`ting a hostile file; so it opens
 * only what exists, and no more than a person would ask for at once. It takes
 * the front, and with it the keyboard, only where its own terminal had both:
 * what is typed elsewhere meanwhile may be a password.
 */

import { resolved } from "../model/files/paths";
import { CallError } from "../net/calls";
import type { App } from "./app";

/** The most files opened within `WINDOW_MS`; what comes on top is ignored. */
const MOST_AT_ONCE = 20;

/** See `MOST_AT_ONCE`; in milliseconds. */
const WINDOW_MS = 5000;

let opened: readonly number[] = [];

/** Opens a file that the server finds in a tab; a directory, of the terminal in front, in the explorer. */
export async function openFromTerminal(app: App, terminal: string, named: string): Promise<void> {
  const project = app.session.ready.value?.project;
  if (project === undefined || !isAllowedNow()) return;
  const path = resolved(named, "/");
  const isDirectory = await app.calls.call(project, "files.stat", { path }).then(
    ({ kind, link }) => (link?.kind ?? kind) === "directory",
    (error: unknown) => {
      if (!(error instanceof CallError)) throw error;
      return null;
    },
  );
  if (isDirectory === null) return;
  const files = await app.files.load();
  // The person may have gone elsewhere while this was asked and fetched.
  const isInFront = hasKeyboard(app, terminal);
  if (!isDirectory) return isInFront ? files.openPath(path) : files.openBehind(path);
  if (!isInFront) return;
  app.files.show();
  files.explorer.show(path);
}

function hasKeyboard(app: App, terminal: string): boolean {
  const { lookedAt, current } = app.workspace;
  return lookedAt.value === terminal && current.value?.screen.hasFocus() === true;
}

function isAllowedNow(): boolean {
  const now = performance.now();
  opened = opened.filter((at) => now - at < WINDOW_MS);
  if (opened.length >= MOST_AT_ONCE) return false;
  opened = [...opened, now];
  return true;
}

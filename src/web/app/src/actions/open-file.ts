/**
 * Files that a program in a terminal wants shown: `cocalc-plus open FILE`.
 *
 * Any output can ask for it, also that of `cat`ting a hostile file; so it opens
 * only what exists, and no more than a person would ask for at once.
 */

import { CallError } from "../net/calls";
import type { App } from "./app";

/** The most files opened within `WINDOW_MS`; what comes on top is ignored. */
const MOST_AT_ONCE = 20;

/** See `MOST_AT_ONCE`; in milliseconds. */
const WINDOW_MS = 5000;

let opened: readonly number[] = [];

/** Opens a file as a view, if the server finds it. */
export async function openFromTerminal(app: App, path: string): Promise<void> {
  const project = app.session.ready.value?.project;
  if (project === undefined || !isAllowedNow()) return;
  try {
    await app.calls.call(`project.${project}.files.stat`, { path });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return;
  }
  if (app.openFile) app.openFile(path);
  else app.workspace.report("no viewer for files yet");
}

function isAllowedNow(): boolean {
  const now = performance.now();
  opened = opened.filter((at) => now - at < WINDOW_MS);
  if (opened.length >= MOST_AT_ONCE) return false;
  opened = [...opened, now];
  return true;
}

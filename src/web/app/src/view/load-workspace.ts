/** The workspace's chunk, fetched once and early. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { WorkspaceView } from "./workspace";

/** The wait before a chunk that did not come is asked for again, in milliseconds. */
const AGAIN_MS = 1000;

const loaded = signal<typeof WorkspaceView | null>(null);

/** The workspace's view, as soon as it is there. */
export const workspaceView: ReadonlySignal<typeof WorkspaceView | null> = loaded;

/** Fetches the chunk, again and again until it comes. */
export async function loadWorkspace(): Promise<void> {
  while (loaded.value === null) {
    try {
      loaded.value = (await import("./workspace")).WorkspaceView;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** The views of files, a chunk of its own that is fetched with the first use. */

import { signal } from "@preact/signals-core";
import { useSignalEffect } from "@preact/signals";
import type { App } from "../actions/app";

type Views = typeof import("./files/views");

/** The wait before a chunk that did not come is asked for again, in milliseconds. */
const AGAIN_MS = 1000;

const views = signal<Views | null>(null);
let isWanted = false;

/** The explorer, while it is shown. */
export function FilesSide({ app }: { app: App }) {
  const files = app.files.files.value;
  useSignalEffect(() => {
    if (app.files.files.value !== null || app.files.isShown.value) void load();
  });
  if (!app.files.isShown.value) return null;
  return files && views.value ? <views.value.Side app={app} files={files} /> : <aside class="explorer" />;
}

/** The open files, over the terminals. */
export function FilesFront({ app }: { app: App }) {
  const files = app.files.files.value;
  return files && views.value && <views.value.FilePanes app={app} files={files} />;
}

/** The tabs of open files. */
export function FilesTabs({ app }: { app: App }) {
  const files = app.files.files.value;
  return files && views.value && <views.value.FileTabs app={app} files={files} />;
}

async function load(): Promise<void> {
  if (isWanted) return;
  isWanted = true;
  while (views.value === null) {
    try {
      views.value = await import("./files/views");
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Says why a terminal is not as large as its window, and lets a person change it. */

import type { Action } from "../actions/action";
import type { App } from "../actions/app";
import { fitEveryone, useMySize } from "../actions/size";
import { notePlace } from "../model/size-note";
import { sizeWords } from "../model/words";
import type { TerminalClient } from "../net/terminal";
import { SizeIcon } from "./icons";

/** In the area that the terminal leaves. */
export function SizeNote({ app, client }: { app: App; client: TerminalClient }) {
  const view = client.view.value;
  const place = notePlace(view, client.wish.value, app.settings.value.fontSize);
  if (view === null || place === null || place === "bar") return null;
  return (
    <div class={`size-note size-note-${place}`} role="status">
      <p>{sizeWords(view)}</p>
      <button type="button" onClick={() => void useMySize.perform(app)}>
        {useMySize.label}
      </button>
    </div>
  );
}

/** In the bar, where the area has no room, or there is none. */
export function SizePill({ app }: { app: App }) {
  const client = app.workspace.current.value?.client;
  const view = client?.view.value ?? null;
  const place = notePlace(view, client?.wish.value ?? { cols: 0, rows: 0 }, app.settings.value.fontSize);
  if (view === null || place !== "bar") return null;
  const action: Action = view.sized_by === "you" ? fitEveryone : useMySize;
  return (
    <button type="button" class="size-pill" title={sizeWords(view)} onClick={() => void action.perform(app)}>
      <SizeIcon />
      <span>{action.label}</span>
    </button>
  );
}

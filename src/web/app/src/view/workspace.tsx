/**
 * The workspace: bar, banner, terminals, palette.
 *
 * With the terminal emulator it is a chunk of its own, fetched while the page
 * connects, so that the first paint waits for neither.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../actions/app";
import { listenForKeys } from "../actions/list";
import { newTerminal } from "../actions/terminals";
import { Banner, Notice } from "./banner";
import { CopyBar } from "./copy-bar";
import { keyOf } from "./key-hint";
import { FilesFront, FilesSide } from "./load-files";
import { Palette } from "./palette";
import { SettingsPage } from "./settings-page";
import { TerminalPane } from "./terminal-pane";
import { looksOf, sizeFor } from "./terminal-screen";
import { exposeTerminalText } from "./terminal-text";
import { TopBar } from "./top-bar";
import "./styles/workspace.css";
import "./styles/palette.css";

/** Everything below the progress page; a terminal is mounted once it was selected. */
export function WorkspaceView({ app }: { app: App }) {
  const area = useRef<HTMLElement>(null);
  // Before it is painted: the first terminal waits for it.
  useLayoutEffect(() => {
    app.workspace.measureWith(() => {
      const shown = app.workspace.current.value?.screen.wish();
      if (shown?.cols) return shown;
      return sizeFor(area.current?.querySelector<HTMLElement>(".measure") ?? document.body, looksOf(app));
    });
  }, [app]);
  useLayoutEffect(() => {
    app.files.unfold();
    app.workspace.prepare();
    exposeTerminalText(app);
  }, [app]);
  const isReached = app.wasUsable.value || app.session.ready.value !== null;
  useEffect(() => {
    if (!isReached) return;
    app.files.restore();
    return listenForKeys(app);
  }, [app, isReached]);
  const { tabs, selected, cover } = app.workspace;
  const seen = useSeen(selected.value);
  const isUsable = app.wasUsable.value;
  // Only after the pane has become visible can it take the keyboard.
  useLayoutEffect(() => {
    if (isUsable && !app.files.staysInTree()) app.workspace.focus();
  }, [app, isUsable, selected.value, cover.value]);
  return (
    <div class="workspace" inert={!isUsable}>
      <TopBar app={app} />
      <Notice app={app} />
      <div class="workspace-body">
        <FilesSide app={app} />
        <main class="terminals" ref={area}>
          <Banner app={app} />
          {app.stage.value === "ready" && <CopyBar app={app} />}
          <div class="pane-screen measure" aria-hidden="true" />
          {tabs.value
            .filter((tab) => seen.has(tab.id))
            .map((tab) => (
              <TerminalPane key={tab.id} app={app} tab={tab} isShown={tab.id === selected.value} isCovered={cover.value !== null} />
            ))}
          {tabs.value.length === 0 && isUsable && <Empty app={app} />}
          <FilesFront app={app} />
        </main>
      </div>
      {app.isPaletteOpen.value && <Palette app={app} />}
      {app.siteSettings.isOpen.value && <SettingsPage app={app} />}
    </div>
  );
}

function Empty({ app }: { app: App }) {
  return (
    <div class="empty">
      <p>No terminal is open.</p>
      <button type="button" class="primary" onClick={() => void newTerminal.perform(app)}>
        New terminal
      </button>
      <p class="aside">
        <kbd>{keyOf(newTerminal)}</kbd>
      </p>
    </div>
  );
}

function useSeen(id: string | null): ReadonlySet<string> {
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  if (id === null || seen.has(id)) return seen;
  const next = new Set(seen).add(id);
  setSeen(next);
  return next;
}

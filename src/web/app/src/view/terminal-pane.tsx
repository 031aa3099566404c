/** One terminal's place on screen. */

import { effect } from "@preact/signals-core";
import { useEffect, useRef } from "preact/hooks";
import type { App } from "../actions/app";
import { Disposers } from "../model/disposers";
import { exitWords } from "../model/words";
import { tabLabel, type End, type Tab } from "../model/tabs";
import { TerminalClient } from "../net/terminal";
import { XtermScreen } from "./terminal-screen";

interface TerminalPaneProps {
  app: App;
  tab: Tab;
  isShown: boolean;
  /** Something lies over it; it keeps its size and takes no keys. */
  isCovered: boolean;
}

/** Shows a terminal, from its first selection until its tab closes. */
export function TerminalPane({ app, tab, isShown, isCovered }: TerminalPaneProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => show(app, tab.id, host.current), [app, tab.id]);
  return (
    <section class="pane" id={`pane-${tab.id}`} role="tabpanel" aria-label={tabLabel(tab)} hidden={!isShown} inert={isCovered}>
      <div class="pane-screen" ref={host} />
      {tab.end && <EndStrip app={app} tab={tab} end={tab.end} />}
    </section>
  );
}

function EndStrip({ app, tab, end }: { app: App; tab: Tab; end: End }) {
  return (
    <div class="end-strip" role="status">
      <p>
        <strong>{tab.program}</strong> {endWords(end)}
      </p>
      <button type="button" class="primary" onClick={() => void app.workspace.open()}>
        New terminal
      </button>
      <button type="button" onClick={() => void app.workspace.kill(tab.id)}>
        Close tab
      </button>
    </div>
  );
}

function endWords(end: End): string {
  if ("exit" in end) return exitWords(end.exit);
  if ("refused" in end) return `cannot be shown: ${end.refused.message}`;
  return "is gone";
}

function show(app: App, id: string, host: HTMLElement | null): () => void {
  const disposers = new Disposers();
  if (!host) return () => {};
  const looks = () => ({ isDark: app.isDark.value, fontSize: app.settings.value.fontSize });
  const screen = new XtermScreen(host, looks(), {
    typed: (bytes) => client.typed(bytes),
    resized: (size) => client.resized(size),
    titled: (title) => app.workspace.titled(id, title),
  });
  const client = app.workspace.attach(id, screen, (ended) => new TerminalClient(id, screen, ended));
  disposers.add(() => screen.dispose());
  disposers.add(() => app.workspace.detach(id));
  disposers.add(effect(() => screen.look(looks())));
  if (app.workspace.selected.value === id) screen.focus();
  return () => disposers.dispose();
}

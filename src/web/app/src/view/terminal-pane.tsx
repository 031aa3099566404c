/** One terminal's place on screen. */

import { effect, signal } from "@preact/signals-core";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { App } from "../actions/app";
import { openFromTerminal } from "../actions/open-file";
import { goToEnd } from "../actions/terminals";
import type { Attached } from "../actions/workspace";
import { Disposers } from "../model/disposers";
import type { Found } from "../model/screen";
import { fitOf } from "../model/size-note";
import { endWords } from "../model/words";
import { tabLabel, type End, type Tab } from "../model/tabs";
import { TerminalClient } from "../net/terminal";
import { PastePopover } from "./paste-popover";
import { SearchBar } from "./search-bar";
import { SizeNote } from "./size-note";
import { XtermScreen, looksOf } from "./terminal-screen";
import "./styles/terminal.css";

/** What a screen says that only its own pane shows. */
interface Said {
  link: { uri: string; isLow: boolean } | null;
}

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
  const said = useMemo(() => ({ said: signal<Said>({ link: null }), found: signal<Found | null>(null) }), [tab.id]);
  // Before it is painted: whoever sees a terminal can type into it.
  useLayoutEffect(() => show(app, tab.id, host.current, said), [app, tab.id]);
  const attached = app.workspace.attached(tab.id);
  const fit = attached ? fitOf(attached.client.view.value, attached.client.wish.value) : "exact";
  const held = app.pasteGuard.held.value;
  return (
    <section
      class="pane"
      id={`pane-${tab.id}`}
      role="tabpanel"
      aria-label={tabLabel(tab)}
      hidden={!isShown}
      inert={isCovered}
    >
      <div class={`pane-place pane-${fit}`}>
        <div class="pane-screen" ref={host} />
        {attached && <Notes app={app} attached={attached} link={said.said.value.link} />}
        {attached && app.searching.value === tab.id && <SearchBar app={app} attached={attached} found={said.found} />}
        {held?.id === tab.id && <PastePopover app={app} text={held.text} />}
      </div>
      {tab.end && <EndStrip app={app} tab={tab} end={tab.end} />}
    </section>
  );
}

/** Small words over the terminal's edges. */
function Notes({ app, attached, link }: { app: App; attached: Attached; link: Said["link"] }) {
  const { client } = attached;
  return (
    <>
      <SizeNote app={app} client={client} />
      {client.isLoadingHistory.value && (
        <p class="chip chip-top" role="status">
          <span class="spinner" /> Loading history
        </p>
      )}
      {client.isHeld.value && !client.isLoadingHistory.value && (
        <button type="button" class="chip chip-bottom" title={goToEnd.label} onClick={() => void goToEnd.perform(app)}>
          Newer output below
        </button>
      )}
      {link && (
        <p class={`chip chip-link ${link.isLow ? "chip-link-top" : ""}`}>
          <span>{address(link.uri)}</span> <kbd>{OPENING_KEY} click</kbd>
        </p>
      )}
    </>
  );
}

const OPENING_KEY = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl";

/** The address as the browser understands it: a look-alike name shows as what it is. */
function address(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).href : uri;
}

function EndStrip({ app, tab, end }: { app: App; tab: Tab; end: End }) {
  return (
    <div class="end-strip" role="status">
      <p>
        <strong>{tab.program}</strong> {endWords(end)}
      </p>
      <button
        type="button"
        class="primary"
        disabled={app.workspace.isMaking.value}
        onClick={() => void app.workspace.restart(tab.id)}
      >
        Start again
      </button>
      <button type="button" onClick={() => void app.workspace.kill(tab.id)}>
        Close tab
      </button>
    </div>
  );
}

function show(
  app: App,
  id: string,
  host: HTMLElement | null,
  { said, found }: { said: { value: Said }; found: { value: Found | null } },
): () => void {
  const disposers = new Disposers();
  if (!host) return () => {};
  const looks = () => looksOf(app);
  const screen = new XtermScreen(host, looks(), {
    typed: (bytes) => client.typed(bytes),
    wished: (size) => client.wished(size),
    titled: (title) => app.workspace.titled(id, title),
    reading: (isReading) => client.reading(isReading),
    reachedTop: () => client.fetchHistory(),
    rang: () => app.bells.ring(id),
    pointed: (link) => (said.value = { link }),
    copies: (text) => void app.clipboardGrant.ask(text),
    opens: (path) => void openFromTerminal(app, id, path),
    holdsPaste: (text, isBracketed) => app.pasteGuard.holds(id, text, isBracketed),
    found: (where) => (found.value = where),
  });
  const client = app.workspace.attach(id, screen, (events) => new TerminalClient(id, screen, events));
  disposers.add(() => screen.dispose());
  disposers.add(() => app.workspace.detach(id));
  disposers.add(() => app.bells.forget(id));
  disposers.add(effect(() => screen.look(looks())));
  disposers.add(effect(() => screen.cover(app.workspace.cover.value !== null)));
  if (app.workspace.lookedAt.value === id) screen.focus();
  return () => disposers.dispose();
}

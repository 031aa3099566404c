/** The tabs of terminals. */

import { useEffect, useRef } from "preact/hooks";
import type { App } from "../actions/app";
import { killTerminal, newTerminal } from "../actions/terminals";
import { tabLabel, type Tab } from "../model/tabs";
import { CrossIcon, PlusIcon } from "./icons";
import { hint } from "./key-hint";
import { KillPopover } from "./kill-popover";
import { FilesTabs } from "./load-files";

/** As little as shows the whole tab. */
const NEAREST: ScrollIntoViewOptions = { block: "nearest", inline: "nearest" };

/** A tab a terminal, and a button for a new one. */
export function Tabs({ app }: { app: App }) {
  const { tabs, selected, cover, confirming, isMaking } = app.workspace;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const look = () => list.current?.querySelector(".tab-selected")?.scrollIntoView(NEAREST);
    const observer = new ResizeObserver(look);
    if (list.current) observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  const asked = tabs.value.find((tab) => tab.id === confirming.value?.id);
  return (
    <div class="tabs-area">
      <div
        ref={list}
        class="tabs"
        role="tablist"
        aria-label="Terminals and files"
        onKeyDown={(event) => moveFocus(app, event)}
      >
        {tabs.value.map((tab) => (
          <TabItem key={tab.id} app={app} tab={tab} isSelected={tab.id === selected.value && cover.value === null} />
        ))}
        <FilesTabs app={app} />
      </div>
      <button
        type="button"
        class="bar-button"
        title={newTerminal.label + hint(newTerminal)}
        aria-label={newTerminal.label}
        disabled={isMaking.value || !newTerminal.when(app)}
        onClick={() => void newTerminal.perform(app)}
      >
        <PlusIcon />
      </button>
      {asked && confirming.value && <KillPopover app={app} tab={asked} verb={confirming.value.verb} />}
    </div>
  );
}

function TabItem({ app, tab, isSelected }: { app: App; tab: Tab; isSelected: boolean }) {
  const item = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isSelected) item.current?.scrollIntoView(NEAREST);
  }, [isSelected]);
  const label = tabLabel(tab);
  const hasRung = app.bells.unseen.value.has(tab.id);
  const isFlashing = app.bells.flashing.value === tab.id;
  const looks = [isSelected && "tab-selected", tab.end && "tab-ended", isFlashing && "tab-flashing"];
  return (
    <div ref={item} class={["tab", ...looks.filter(Boolean)].join(" ")} data-tab={tab.id}>
      <button
        type="button"
        role="tab"
        class="tab-label"
        aria-selected={isSelected}
        aria-controls={`pane-${tab.id}`}
        tabIndex={isSelected ? 0 : -1}
        title={tab.end ? `${label} (ended)` : label}
        onClick={() => {
          app.workspace.select(tab.id);
          app.workspace.focus();
        }}
      >
        <span>{label}</span>
        {hasRung && <span class="bell-dot" role="img" aria-label="rang" />}
      </button>
      <button
        type="button"
        class="tab-close"
        tabIndex={-1}
        title={tab.end ? "Close this tab" : killTerminal.label + (isSelected ? hint(killTerminal) : "")}
        aria-label={`${tab.end ? "Close" : "End"} ${label}`}
        onClick={() => app.workspace.askToKill(tab.id)}
      >
        <CrossIcon />
      </button>
    </div>
  );
}

function moveFocus(app: App, event: KeyboardEvent): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const from = (event.target as HTMLElement).closest<HTMLElement>("[data-tab]")?.dataset["tab"];
  if (step === undefined || from === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const id = app.files.neighbourOf(from, step);
  app.files.selectTab(id);
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-tab="${id}"] [role="tab"]`)?.focus());
}

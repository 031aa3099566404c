/** The slim bar above the terminals. */

import type { App } from "../actions/app";
import { toggleExplorer } from "../actions/files/commands";
import { palette } from "../actions/palette";
import type { Stage } from "../model/stage";
import { CommandsIcon, ExplorerIcon, Mark } from "./icons";
import { hint } from "./key-hint";
import { SizePill } from "./size-note";
import { Tabs } from "./tabs";

const STATE_WORDS: Record<Stage, string> = {
  connecting: "connecting",
  ready: "connected",
  reconnecting: "reconnecting",
  "needs-auth": "sign-in needed",
  failed: "failed",
  stopped: "stopped",
  gone: "server gone",
  signin: "signed out",
};

/** Target and state on the left, tabs in the middle, all commands on the right. */
export function TopBar({ app }: { app: App }) {
  const stage = app.stage.value;
  return (
    <header class="top-bar">
      <button
        type="button"
        class="bar-button files-toggle"
        title={toggleExplorer.label + hint(toggleExplorer)}
        aria-label="Files"
        aria-pressed={app.files.isShown.value}
        onClick={() => toggleExplorer.perform(app)}
      >
        <ExplorerIcon />
      </button>
      <div class="where">
        <Mark />
        <span class="where-name" title={app.target.value}>
          {app.title.value}
        </span>
        <span class={`where-state where-${stage}`} role="status">
          <span class="dot" />
          <span class="where-words">{STATE_WORDS[stage]}</span>
        </span>
      </div>
      <Tabs app={app} />
      <SizePill app={app} />
      <button
        type="button"
        class="bar-button commands"
        title={`All commands${hint(palette)}`}
        aria-label="All commands"
        onClick={() => palette.perform(app)}
      >
        <CommandsIcon />
      </button>
    </header>
  );
}

/** Actions on terminals as a whole. */

import type { Action } from "./action";
import type { App } from "./app";

const isInFront = (app: App) => app.wasUsable.value && app.workspace.lookedAt.value !== null;
/** In vim or less these keys are the program's. */
const isScrollable = (app: App) => isInFront(app) && app.workspace.current.value?.screen.isScrollable() === true;
const hasTabs = (app: App) => app.wasUsable.value && (app.workspace.tabs.value.length > 0 || app.workspace.cover.value !== null);

/** Opens a terminal. */
export const newTerminal: Action = {
  name: "terminal.new",
  label: "New terminal",
  keywords: "open tab shell create",
  keys: ["Alt+Shift+T"],
  when: (app) => app.session.ready.value !== null,
  perform: (app) => app.workspace.open(),
};

/** Goes one tab to the right. */
export const nextTerminal: Action = {
  name: "terminal.next",
  label: "Next tab",
  keywords: "terminal file right switch",
  keys: ["Alt+Shift+ArrowRight"],
  when: hasTabs,
  perform: (app) => app.files.stepTab(1),
};

/** Goes one tab to the left. */
export const previousTerminal: Action = {
  name: "terminal.previous",
  label: "Previous tab",
  keywords: "terminal file left switch",
  keys: ["Alt+Shift+ArrowLeft"],
  when: hasTabs,
  perform: (app) => app.files.stepTab(-1),
};

/** Asks, then ends the selected terminal. */
export const killTerminal: Action = {
  name: "terminal.kill",
  label: "End this terminal",
  keywords: "kill close tab stop",
  keys: ["Alt+Shift+W"],
  when: isInFront,
  perform: (app) => {
    const id = app.workspace.selected.value;
    if (id !== null) app.workspace.askToKill(id);
  },
};

/** Asks, then ends the selected terminal and starts a new one in its place. */
export const restartTerminal: Action = {
  name: "terminal.restart",
  label: "Restart this terminal",
  keywords: "start again kill fresh shell",
  keys: [],
  when: isInFront,
  perform: (app) => {
    const id = app.workspace.selected.value;
    if (id !== null) app.workspace.askToRestart(id);
  },
};

/** Goes to the oldest output that is kept. */
export const goToTop: Action = {
  name: "terminal.top",
  label: "Go to the top of the output",
  keywords: "scroll home first oldest history",
  keys: [],
  terminalKeys: ["Ctrl+Home", "Shift+Home", "Meta+Home"],
  when: isScrollable,
  perform: (app) => {
    app.workspace.current.value?.screen.toTop();
    app.workspace.focus();
  },
};

/** Goes to the newest output. */
export const goToEnd: Action = {
  name: "terminal.end",
  label: "Go to the end of the output",
  keywords: "scroll bottom newest latest live",
  keys: [],
  terminalKeys: ["Ctrl+End", "Shift+End", "Meta+End"],
  when: isScrollable,
  perform: (app) => {
    app.workspace.current.value?.screen.toEnd();
    app.workspace.focus();
  },
};

/** Leaves the terminal for the tabs, so that no keyboard is caught in it. */
export const focusTabs: Action = {
  name: "tabs.focus",
  label: "Go to the tabs",
  keywords: "focus leave terminal keyboard accessibility",
  keys: ["Alt+Shift+ArrowUp"],
  when: hasTabs,
  perform: () => document.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus(),
};

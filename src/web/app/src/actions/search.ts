/** Searching in the scrollback. */

import type { Action } from "./action";

/** Opens the search of the selected terminal; again: goes back into its field. */
export const searchTerminal: Action = {
  name: "terminal.search",
  label: "Search in this terminal",
  keywords: "find text scrollback history grep",
  keys: ["Ctrl+Shift+F", "Meta+F"],
  when: (app) => app.workspace.lookedAt.value !== null,
  perform: (app) => {
    const id = app.workspace.selected.value;
    const wasOpen = app.searching.value === id;
    app.searching.value = id;
    // What is selected is what a person most likely looks for; the bar reads it.
    if (!wasOpen) return;
    const field = document.querySelector<HTMLInputElement>(".pane:not([hidden]) .search-text");
    field?.focus();
    field?.select();
  },
};

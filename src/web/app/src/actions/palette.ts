/** The action that shows all others. */

import type { Action } from "./action";

/** Opens and closes the palette. Ctrl+K stays the shell's. */
export const palette: Action = {
  name: "palette.open",
  label: "Show all commands",
  keywords: "palette search menu help keys shortcuts",
  keys: ["Ctrl+Shift+P", "Meta+K", "Shift+Meta+P", "Alt+Shift+P"],
  when: (app) => app.wasUsable.value,
  perform: (app) => {
    app.isPaletteOpen.value = !app.isPaletteOpen.value;
    if (!app.isPaletteOpen.value) app.workspace.focus();
  },
};

/** Copy and paste. */

import type { Action } from "./action";

/** Copies what is selected in the terminal. */
export const copy: Action = {
  name: "clipboard.copy",
  label: "Copy the selection",
  keywords: "clipboard",
  keys: ["Ctrl+Shift+C"],
  when: (app) => app.workspace.lookedAt.value !== null,
  perform: async (app) => {
    const text = app.workspace.current.value?.screen.selection() ?? "";
    if (text === "") return;
    app.workspace.focus();
    await navigator.clipboard.writeText(text).catch(() => document.execCommand("copy"));
  },
};

/** Types what the clipboard holds. */
export const paste: Action = {
  name: "clipboard.paste",
  label: "Paste",
  keywords: "clipboard insert",
  keys: ["Ctrl+Shift+V"],
  isNative: true,
  when: (app) => app.workspace.lookedAt.value !== null,
  perform: async (app) => {
    app.workspace.focus();
    const text = await navigator.clipboard.readText().catch(() => "");
    if (text !== "") app.workspace.current.value?.screen.paste(text);
  },
};

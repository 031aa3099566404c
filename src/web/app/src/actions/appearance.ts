/** Actions on the page's looks. */

import { clampFont } from "../model/settings";
import type { Action } from "./action";
import type { App } from "./app";
import { prefer, preferNot } from "./preferences";

const always = () => true;

function setFont(app: App, size: number): void {
  prefer(app, { fontSize: clampFont(size) });
}

/** Makes the terminal's font larger. */
export const fontLarger: Action = {
  name: "font.larger",
  label: "Larger font",
  keywords: "zoom in bigger text size",
  keys: ["Alt+Shift+Equal"],
  terminalKeys: ["Ctrl+Equal", "Ctrl+Shift+Equal", "Meta+Equal", "Shift+Meta+Equal"],
  when: always,
  perform: (app) => setFont(app, app.settings.value.fontSize + 1),
};

/** Makes the terminal's font smaller. */
export const fontSmaller: Action = {
  name: "font.smaller",
  label: "Smaller font",
  keywords: "zoom out text size",
  keys: ["Alt+Shift+Minus"],
  terminalKeys: ["Ctrl+Minus", "Meta+Minus"],
  when: always,
  perform: (app) => setFont(app, app.settings.value.fontSize - 1),
};

/** Brings the terminal's font back to its usual size. */
export const fontReset: Action = {
  name: "font.reset",
  label: "Usual font size",
  keywords: "zoom reset default text",
  keys: ["Alt+Shift+0"],
  terminalKeys: ["Ctrl+0", "Meta+0"],
  when: always,
  perform: (app) => preferNot(app, "fontSize"),
};

/** Changes between light and dark. */
export const toggleTheme: Action = {
  name: "theme.toggle",
  label: "Switch between light and dark",
  keywords: "theme appearance colour color night mode",
  keys: ["Alt+Shift+L"],
  when: always,
  perform: (app) => {
    prefer(app, { theme: app.isDark.value ? "light" : "dark" });
  },
};

/** Follows the system's light or dark again. */
export const themeAuto: Action = {
  name: "theme.auto",
  label: "Light or dark as the system",
  keywords: "theme appearance automatic",
  keys: [],
  when: (app) => app.settings.value.theme !== "auto",
  perform: (app) => {
    prefer(app, { theme: "auto" });
  },
};

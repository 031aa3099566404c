/** Starts the page. */

import "@preact/signals";
import { effect } from "@preact/signals-core";
import { render } from "preact";
import { App } from "./actions/app";
import { enter, takeCodeFromAddress } from "./actions/enter";
import { loadWorkspace } from "./view/load-workspace";
import { Page } from "./view/page";
import { tabLabel } from "./model/tabs";

const code = takeCodeFromAddress();
const app = new App();
const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
app.isSystemDark.value = prefersDark.matches;
prefersDark.addEventListener("change", () => (app.isSystemDark.value = prefersDark.matches));
effect(() => {
  root.dataset["state"] = app.stage.value;
});
effect(() => {
  root.dataset["theme"] = app.settings.value.theme;
});
effect(() => {
  const { cover, tab } = app.workspace;
  const terminal = app.wasUsable.value && tab.value ? tabLabel(tab.value) : null;
  const front = cover.value?.name.value ?? terminal;
  const bell = app.bells.unseen.value.size > 0 ? "● " : "";
  document.title = bell + (front !== null ? `${front} · ${app.title.value}` : `${app.title.value} · cocalc-plus`);
});
render(<Page app={app} />, document.getElementById("app")!);
// The doorway `localhost` usually leads elsewhere at once: fetch nothing for it.
if (location.hostname !== "localhost") void loadWorkspace();
effect(() => {
  if (app.door.value === "in") void loadWorkspace();
});
void enter(app, code);

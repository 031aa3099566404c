/** Whose window sets the size of a terminal that several browsers show. */

import type { Action } from "./action";
import type { App } from "./app";

const viewOf = (app: App) => app.workspace.current.value?.client.view.value ?? null;

/** Makes the terminal as large as this window. */
export const useMySize: Action = {
  name: "size.mine",
  label: "Use my size",
  keywords: "terminal resize window browsers larger fill",
  keys: [],
  when: (app) => {
    const view = viewOf(app);
    return view !== null && view.clients > 1 && view.sized_by !== "you";
  },
  perform: (app) => {
    app.workspace.current.value?.client.setSize("mine");
    app.workspace.focus();
  },
};

/** Gives the size back: the terminal fits every window. */
export const fitEveryone: Action = {
  name: "size.smallest",
  label: "Fit every browser",
  keywords: "terminal resize window smallest give back",
  keys: [],
  when: (app) => viewOf(app)?.sized_by === "you",
  perform: (app) => {
    app.workspace.current.value?.client.setSize("smallest");
    app.workspace.focus();
  },
};

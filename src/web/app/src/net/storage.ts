/** What this origin remembers in the browser; works without storage too. */

/** The names under which things are kept. */
export const STORED = {
  key: "cocalc-plus.key",
  resumption: "cocalc-plus.resumption",
  target: "cocalc-plus.target",
  tab: "cocalc-plus.tab",
  settings: "cocalc-plus.settings",
  own: "cocalc-plus.own",
  site: "cocalc-plus.site",
  copying: "cocalc-plus.copying",
  noteSeen: "cocalc-plus.note-seen",
  restartSeen: "cocalc-plus.restart-seen",
  environmentSeen: "cocalc-plus.environment-seen",
  explorer: "cocalc-plus.explorer",
  explorerShown: "cocalc-plus.explorer-shown",
  openFiles: "cocalc-plus.open-files",
  reloadedFor: "cocalc-plus.reloaded-for",
  window: "cocalc-plus.window",
} as const;

type Name = keyof typeof STORED;

/** Reads what was kept; `null` when nothing was, or storage is forbidden. */
export function recall(name: Name, storage: "local" | "session" = "local"): string | null {
  try {
    return store(storage).getItem(STORED[name]);
  } catch {
    return null;
  }
}

/** Keeps a text, or forgets it; silently does nothing where storage is forbidden. */
export function remember(name: Name, text: string | null, storage: "local" | "session" = "local"): void {
  try {
    if (text === null) store(storage).removeItem(STORED[name]);
    else store(storage).setItem(STORED[name], text);
  } catch {
    // A page without storage works until it is reloaded.
  }
}

/** Reads what this window kept; in a new one, what any window of this browser kept last. */
export function recallHere(name: Name): string | null {
  return recall(name, "session") ?? recall(name);
}

/** Keeps a text for this window, and for windows to come. */
export function rememberHere(name: Name, text: string): void {
  remember(name, text, "session");
  remember(name, text);
}

function store(which: "local" | "session"): Storage {
  return which === "local" ? localStorage : sessionStorage;
}

/** Searching in a terminal, whose addon is fetched when the first search begins. */

import type { SearchAddon } from "@xterm/addon-search";
import type { Terminal } from "@xterm/xterm";
import type { Found, Query, SearchStep } from "../model/screen";

/** More matches than this are not marked and not counted. */
const MOST_MATCHES = 1000;

const MARKS = {
  light: { all: "#ffe08a", shown: "#ffb84d", border: "#a86200" },
  dark: { all: "#5a4a1c", shown: "#8f6a12", border: "#e8bd6c" },
};

/** Finds text in one emulator. */
export class TerminalSearch {
  #terminal: Terminal;
  #found: (found: Found) => void;
  #addon: Promise<SearchAddon> | null = null;

  constructor(terminal: Terminal, found: (found: Found) => void) {
    this.#terminal = terminal;
    this.#found = found;
  }

  /** Shows a match; throws `SyntaxError` for a wrong pattern. */
  async find(query: Query, step: SearchStep, isDark: boolean): Promise<void> {
    if (query.isRegex) new RegExp(query.text);
    const addon = await (this.#addon ??= this.#load());
    if (query.text === "") return addon.clearDecorations();
    const marks = MARKS[isDark ? "dark" : "light"];
    const options = {
      caseSensitive: query.isCaseSensitive,
      regex: query.isRegex,
      decorations: {
        matchBackground: marks.all,
        matchOverviewRuler: marks.border,
        activeMatchBackground: marks.shown,
        activeMatchBorder: marks.border,
        activeMatchColorOverviewRuler: marks.border,
      },
    };
    // What was typed is looked for from the end: there stands what is new.
    if (step === "typed") this.#terminal.clearSelection();
    const isThere = step === "newer" ? addon.findNext(query.text, options) : addon.findPrevious(query.text, options);
    if (!isThere) this.#found({ index: -1, count: 0 });
  }

  /** Takes the marks away. */
  async end(): Promise<void> {
    (await this.#addon)?.clearDecorations();
  }

  async #load(): Promise<SearchAddon> {
    const { SearchAddon } = await import("@xterm/addon-search");
    const addon = new SearchAddon({ highlightLimit: MOST_MATCHES });
    this.#terminal.loadAddon(addon);
    addon.onDidChangeResults(({ resultIndex, resultCount }) => this.#found({ index: resultIndex, count: resultCount }));
    return addon;
  }
}

/** The tabs of the workspace, one a terminal; pure list operations. */

import type { Exit } from "./frames";
import type { TerminalRow } from "./methods";

/** What a tab needs of a row. */
export type Row = Pick<TerminalRow, "id" | "title">;

/** How a terminal ended, as far as the page knows. */
export type End = { exit: Exit } | { refused: { code: string; message: string } } | { gone: true };

/** One terminal of the workspace. */
export interface Tab {
  id: string;
  /** The program's name, as the server told it. */
  program: string;
  /** What the program says it is called (OSC 0 or 2), if it did. */
  title: string | null;
  end: End | null;
}

/**
 * Brings the tabs up to date with what the server lists.
 *
 * Order and live titles stay. A terminal that the server no longer has leaves,
 * unless it is `drawn`: then its screen stays, and says that it is gone.
 */
export function withRows(tabs: readonly Tab[], rows: readonly Row[], drawn: ReadonlySet<string>): Tab[] {
  const listed = new Set(rows.map((row) => row.id));
  const kept = tabs
    .filter((tab) => listed.has(tab.id) || drawn.has(tab.id))
    .map((tab) => (listed.has(tab.id) || tab.end ? tab : { ...tab, end: { gone: true as const } }));
  const known = new Set(kept.map((tab) => tab.id));
  const added = rows.filter((row) => !known.has(row.id));
  return [...kept, ...added.map(tabOf)];
}

/** Makes the first tabs, as the server lists them; what was shown before that stays. */
export function inOrder(tabs: readonly Tab[], rows: readonly Row[]): Tab[] {
  const listed = new Set(rows.map((row) => row.id));
  const shown = new Map(tabs.map((tab) => [tab.id, tab]));
  return [
    ...rows.map((row) => ({ ...tabOf(row), ...shown.get(row.id), program: row.title })),
    ...tabs.filter((tab) => !listed.has(tab.id)),
  ];
}

/** The tab of a terminal that has just been made or found. */
export function tabOf(row: Row): Tab {
  return { id: row.id, program: row.title, title: null, end: null };
}

/** Puts one tab in the place of another, or at the end if that one has left. */
export function instead(tabs: readonly Tab[], id: string, tab: Tab): Tab[] {
  return tabs.some((one) => one.id === id) ? tabs.map((one) => (one.id === id ? tab : one)) : [...tabs, tab];
}

/** Changes one tab. */
export function changed(tabs: readonly Tab[], id: string, change: Partial<Tab>): Tab[] {
  return tabs.map((tab) => (tab.id === id ? { ...tab, ...change } : tab));
}

/** Removes one tab. */
export function without(tabs: readonly Tab[], id: string): Tab[] {
  return tabs.filter((tab) => tab.id !== id);
}

/** The tab `step` places to the right, around the end; `null` when there is none. */
export function neighbour(tabs: readonly Tab[], id: string | null, step: number): string | null {
  if (tabs.length === 0) return null;
  const at = tabs.findIndex((tab) => tab.id === id);
  if (at < 0) return tabs[0]?.id ?? null;
  return tabs[(at + step + tabs.length) % tabs.length]?.id ?? null;
}

/** What is selected when `id` closes: the right neighbour, else the left one. */
export function selectedAfterClosing(tabs: readonly Tab[], id: string, selected: string | null): string | null {
  if (selected !== id) return selected;
  const at = tabs.findIndex((tab) => tab.id === id);
  return tabs[at + 1]?.id ?? tabs[at - 1]?.id ?? null;
}

/** What stands on the tab. */
export function tabLabel(tab: Tab): string {
  return tab.title?.trim() || tab.program || "terminal";
}

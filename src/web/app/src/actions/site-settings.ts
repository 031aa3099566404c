/** The server's settings: what they are, changing them, and taking that back. */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import { SITE_KEYS, readSite, type Settings } from "../model/settings";
import type { Row, Value } from "../model/site-settings";
import { CallError, type CallClient } from "../net/calls";
import { recall, remember } from "../net/storage";
import { fetchCustomize, getSettings, setSetting, type Listed } from "../net/site-settings";
import type { Action } from "./action";
import type { App } from "./app";
import { preferNot } from "./preferences";

/** A change that was made, and what the file said before. */
export interface Change {
  key: string;
  before: Value | null;
  after: Value | null;
}

/** Knows the settings while a person looks at them. */
export class SiteSettings {
  #calls: CallClient;
  #account: string | null = null;
  #site = signal<Partial<Settings>>(readRemembered());
  #listed = signal<Listed | null>(null);
  #problem = signal<string | null>(null);
  #problems = signal<ReadonlyMap<string, string>>(new Map());
  #saving = signal<string | null>(null);
  #changes = signal<readonly Change[]>([]);
  /** Whether the settings are shown. */
  readonly isOpen = signal(false);
  /** What every page is told of them. */
  readonly site: ReadonlySignal<Partial<Settings>> = this.#site;
  /** All of them; `null` until they are there. */
  readonly listed: ReadonlySignal<Listed | null> = this.#listed;
  /** Why they are not, or not to be had any more. */
  readonly problem: ReadonlySignal<string | null> = this.#problem;
  /** What is wrong with what was typed, by key. */
  readonly problems: ReadonlySignal<ReadonlyMap<string, string>> = this.#problems;
  /** The one that is being saved. */
  readonly saving: ReadonlySignal<string | null> = this.#saving;
  /** What can be taken back, the newest last. */
  readonly changes: ReadonlySignal<readonly Change[]> = this.#changes;

  constructor(calls: CallClient) {
    this.#calls = calls;
  }

  /** Asks how the page shall look; it stays as it is while nobody answers. */
  async look(): Promise<void> {
    try {
      const told = await fetchCustomize();
      this.#account = told.account;
      if (told.settings !== undefined) this.#follow(told.settings);
    } catch {
      // The next way back asks again.
    }
  }

  /** Lists them. */
  async load(): Promise<void> {
    if (this.#account === null) await this.look();
    const account = this.#account;
    if (account === null) {
      this.#problem.value = "the server does not answer";
      return;
    }
    try {
      this.#show(await getSettings(this.#calls, account));
    } catch (error) {
      this.#problem.value = reason(error);
    }
  }

  /** Saves a value, or takes the setting out by `null`; a refusal stands beside its field. */
  async set(key: string, value: Value | null): Promise<void> {
    const before = this.row(key)?.in_file ?? null;
    if (value === before) return this.complain(key, null);
    if (await this.#save(key, value)) this.#changes.value = [...this.#changes.value, { key, before, after: value }];
  }

  /** Takes the last change back. */
  async undo(): Promise<void> {
    const last = this.#changes.value.at(-1);
    if (last && (await this.#save(last.key, last.before))) this.#changes.value = this.#changes.value.slice(0, -1);
  }

  /** Says what is wrong with what was typed; `null` for nothing. */
  complain(key: string, problem: string | null): void {
    const problems = new Map(this.#problems.value);
    if (problem === null) problems.delete(key);
    else problems.set(key, problem);
    this.#problems.value = problems;
  }

  /** One of them. */
  row(key: string): Row | null {
    return this.#listed.value?.settings.find((row) => row.key === key) ?? null;
  }

  async #save(key: string, value: Value | null): Promise<boolean> {
    if (this.#account === null) return false;
    this.#saving.value = key;
    try {
      this.#show(await setSetting(this.#calls, this.#account, key, value));
      this.complain(key, null);
      return true;
    } catch (error) {
      this.complain(key, reason(error));
      return false;
    } finally {
      this.#saving.value = null;
    }
  }

  #show(listed: Listed): void {
    this.#listed.value = listed;
    this.#problem.value = null;
    const told = listed.settings.filter((row) => row.audience === "public");
    this.#follow(Object.fromEntries(told.map((row) => [row.key, row.value])));
  }

  /** Looks like that from now on, and at once when the page is loaded again. */
  #follow(told: unknown): void {
    const site = readSite(told);
    remember("site", JSON.stringify(told));
    if (JSON.stringify(site) !== JSON.stringify(this.#site.value)) this.#site.value = site;
  }
}

/** Sets a setting for everybody; what this browser had of its own would hide that. */
export function setForAll(app: App, key: string, value: Value | null): Promise<void> {
  const own = SITE_KEYS[key];
  if (own) preferNot(app, own);
  return app.siteSettings.set(key, value);
}

/** Shows the settings of the server. */
export const openSettings: Action = {
  name: "settings.open",
  label: "Settings",
  keywords: "preferences options configuration config theme font port host token",
  keys: ["Ctrl+Comma", "Meta+Comma"],
  when: (app) => app.wasUsable.value,
  perform: (app) => {
    app.siteSettings.isOpen.value = true;
    void app.siteSettings.load();
  },
};

function reason(error: unknown): string {
  if (error instanceof CallError) return error.message;
  throw error;
}

/** How the site looked when this browser was here last. */
function readRemembered(): Partial<Settings> {
  try {
    return readSite(JSON.parse(recall("site") ?? "null"));
  } catch {
    return {};
  }
}

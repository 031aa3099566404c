/** Which terminals have rung, and whether anybody has seen it. */

import { effect, signal, untracked, type ReadonlySignal } from "@preact/signals-core";
import type { Settings } from "../model/settings";
import type { Action } from "./action";
import type { App } from "./app";
import { prefer } from "./preferences";

/** How long a tab flashes, in milliseconds; the length of the animation in `workspace.css`. */
const FLASH_MS = 600;

/** Follows the bells of all terminals. */
export class Bells {
  #settings: ReadonlySignal<Settings>;
  #selected: ReadonlySignal<string | null>;
  #isHidden = signal(document.hidden);
  #unseen = signal<ReadonlySet<string>>(new Set());
  #flashing = signal<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The terminals that rang while they were not looked at. */
  readonly unseen: ReadonlySignal<ReadonlySet<string>> = this.#unseen;
  /** The terminal whose tab flashes. */
  readonly flashing: ReadonlySignal<string | null> = this.#flashing;

  constructor(settings: ReadonlySignal<Settings>, selected: ReadonlySignal<string | null>) {
    this.#settings = settings;
    this.#selected = selected;
    document.addEventListener("visibilitychange", () => (this.#isHidden.value = document.hidden));
    effect(() => {
      const seen = this.#isHidden.value ? null : this.#selected.value;
      untracked(() => this.#see(seen));
    });
  }

  /** A terminal's bell. */
  ring(id: string): void {
    if (!this.#settings.value.hasBell) return;
    const isLookedAt = !this.#isHidden.value && this.#selected.value === id;
    if (!isLookedAt) this.#unseen.value = new Set(this.#unseen.value).add(id);
    if (this.#flashing.value !== null) return;
    this.#flashing.value = id;
    this.#timer = setTimeout(() => (this.#flashing.value = null), FLASH_MS);
  }

  /** A terminal's tab has closed. */
  forget(id: string): void {
    this.#see(id);
    if (this.#flashing.value !== id) return;
    clearTimeout(this.#timer);
    this.#flashing.value = null;
  }

  #see(id: string | null): void {
    if (id === null || !this.#unseen.value.has(id)) return;
    const rest = new Set(this.#unseen.value);
    rest.delete(id);
    this.#unseen.value = rest;
  }
}

function setBell(app: App, hasBell: boolean): void {
  prefer(app, { hasBell });
}

/** Shows bells no longer. */
export const muteBell: Action = {
  name: "bell.mute",
  label: "Do not show the bell",
  keywords: "mute silence beep flash notification",
  keys: [],
  when: (app) => app.settings.value.hasBell,
  perform: (app) => setBell(app, false),
};

/** Shows bells again. */
export const showBell: Action = {
  name: "bell.show",
  label: "Show the bell",
  keywords: "unmute beep flash notification",
  keys: [],
  when: (app) => !app.settings.value.hasBell,
  perform: (app) => setBell(app, true),
};

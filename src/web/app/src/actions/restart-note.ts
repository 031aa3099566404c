/** How the server's last run ended, when nobody had stopped that: said once. */

import { computed, signal, type ReadonlySignal } from "@preact/signals-core";
import type { Status } from "../model/status";
import { recall, remember } from "../net/storage";

/** Knows the sentence until a person has read it. */
export class RestartNote {
  #ready: ReadonlySignal<Extract<Status, { state: "ready" }> | null>;
  #seen = signal(recall("restartSeen"));

  /** What is to be said. */
  readonly sentence = computed(() => {
    const ready = this.#ready.value;
    return ready?.restarted !== undefined && ready.run !== this.#seen.value ? ready.restarted : null;
  });

  constructor(ready: ReadonlySignal<Extract<Status, { state: "ready" }> | null>) {
    this.#ready = ready;
  }

  /** Hides it for this run of the server. */
  dismiss(): void {
    const run = this.#ready.value?.run ?? null;
    remember("restartSeen", run);
    this.#seen.value = run;
  }
}

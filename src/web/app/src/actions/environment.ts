/**
 * What went wrong when the server asked the login shell for the environment of
 * programs: a startup file hung, or ended the shell.
 *
 * Asked for after the page is usable, and again after each way back. The answer
 * may take seconds, while a file hangs.
 */

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { EnvironmentWarning } from "../model/methods";
import { CallError, type CallClient } from "../net/calls";
import { recall, remember } from "../net/storage";

/** Knows the warning until a person has read it. */
export class EnvironmentNote {
  #calls: CallClient;
  #warning = signal<EnvironmentWarning | null>(null);

  /** What is to be said. */
  readonly warning: ReadonlySignal<EnvironmentWarning | null> = this.#warning;

  constructor(calls: CallClient) {
    this.#calls = calls;
  }

  /** Asks the server of a project. */
  async look(project: string): Promise<void> {
    const warning = await this.#ask(project);
    if (warning === undefined) return;
    if (warning === null) remember("environmentSeen", null);
    const isSeen = warning !== null && recall("environmentSeen") === warning.message;
    this.#warning.value = isSeen ? null : warning;
  }

  /** Hides this warning until things have been well. */
  dismiss(): void {
    remember("environmentSeen", this.#warning.value?.message ?? null);
    this.#warning.value = null;
  }

  /** `undefined` when nobody says: the connection went, or the server is older. */
  async #ask(project: string): Promise<EnvironmentWarning | null | undefined> {
    try {
      return (await this.#calls.call(project, "environment", { names: [] })).warning ?? null;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return undefined;
    }
  }
}

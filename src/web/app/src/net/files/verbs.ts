/** What is done to files by calls, `project.<id>.files.<verb>`. */

import type { Entry, Job, Methods, Trashed } from "../../model/methods";
import { CallError, LOST, type CallClient, type Callable } from "../calls";

/** The first and longest wait between two looks at a job, in milliseconds. */
const LOOK_MS = { first: 80, longest: 1000 } as const;

/** The code of a job that was cancelled. */
export const CANCELLED = 499;

/** Calls the verbs; every method throws `CallError`. */
export class FileVerbs {
  #calls: CallClient;
  #project: string | null = null;

  constructor(calls: CallClient) {
    this.#calls = calls;
  }

  /** Says which project answers; `null` while none is within reach. */
  reach(project: string | null): void {
    this.#project = project;
  }

  /** The home directory. */
  async home(): Promise<string> {
    return (await this.#call("files.home", {})).path;
  }

  /** What is at a path. */
  stat(path: string): Promise<Entry> {
    return this.#call("files.stat", { path });
  }

  /** Makes an empty file or a directory; 409 when something is there. */
  create(path: string, kind: "file" | "directory"): Promise<Entry> {
    return this.#call("files.create", { path, kind });
  }

  /** Renames; 409 when something is there. */
  rename(from: string, to: string): Promise<Entry> {
    return this.#call("files.rename", { from, to, overwrite: false });
  }

  /** Moves to the trash, up to the first that cannot go; 409 `no-trash` where there is none. */
  trash(paths: readonly string[]): Promise<Trashed> {
    return this.#call("files.trash", { paths: [...paths] });
  }

  /** Brings back from the trash. */
  async restore(ids: readonly string[]): Promise<void> {
    await this.#call("files.restore", { ids: [...ids] });
  }

  /** Begins to copy or move into a directory; gives the job. */
  async begin(what: "copy" | "move", from: readonly string[], to: string): Promise<string> {
    return (await this.#call(`files.${what}`, { from: [...from], to_dir: to })).job;
  }

  /** Begins to delete for good; gives the job. */
  async beginDelete(paths: readonly string[]): Promise<string> {
    return (await this.#call("files.delete", { paths: [...paths] })).job;
  }

  /** Stops a job; what it did stays. */
  async cancel(job: string): Promise<void> {
    await this.#call("files.job", { id: job, cancel: true });
  }

  /** Waits for a job's end and tells how far it is meanwhile; a lost connection does not end it. */
  async follow(job: string, progress: (state: Job) => void): Promise<void> {
    let wait: number = LOOK_MS.first;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(LOOK_MS.longest, wait * 1.5);
      const state = await this.#call("files.job", { id: job, cancel: false }).catch((error: unknown) => {
        if (error instanceof CallError && (error.code === LOST || error.code === 408)) return null;
        throw error;
      });
      if (!state) continue;
      progress(state);
      if (state.state === "done") return;
      if (state.state === "failed") throw new CallError(state.error?.code ?? 500, state.error?.message ?? "it failed");
    }
  }

  #call<M extends Callable>(method: M, request: Methods[M]["request"]): Promise<Methods[M]["reply"]> {
    if (this.#project === null) return Promise.reject(new CallError(LOST, "the server is out of reach"));
    return this.#calls.call(this.#project, method, request);
  }
}

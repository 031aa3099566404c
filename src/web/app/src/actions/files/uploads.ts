/**
 * Uploads: files of this computer on their way to the server.
 *
 * ```text
 * waiting ──▶ sending ──▶ done
 *    ▲          ├──▶ away ──▶ sending      from what the server acknowledged
 *    └──────────┼──▶ exists ──▶ waiting    when a person says what to do
 *               └──▶ failed ──▶ waiting    when a person tries again
 * ```
 */

import { computed, signal } from "@preact/signals-core";
import { base, join, parent } from "../../model/files/paths";
import { delayMs } from "../../model/retry";
import { CallError } from "../../net/calls";
import { fromFiles, readDrop, type Drop } from "../../net/files/dropped";
import { FileError, UNREACHED } from "../../net/files/http";
import { beginUpload, forgetUpload, isReadable, sendPiece } from "../../net/files/upload";
import type { FileVerbs } from "../../net/files/verbs";
import type { Explorer } from "./explorer";

/** Files that are sent at the same time. */
const LANES = 3;

/** How often the rows are told what moved, in milliseconds. */
const TELL_MS = 100;

/** One file on its way. */
export interface Upload {
  id: number;
  file: File;
  /** Where it is to lie. */
  path: string;
  state: "waiting" | "sending" | "away" | "exists" | "failed" | "done";
  /** What was sent of it, in bytes. */
  sent: number;
  problem: string | null;
  overwrite: boolean;
  /** Whether the server may have something of it. */
  isBegun: boolean;
  /** The server's name for it. */
  part: string | null;
  abort: AbortController;
}

/** All uploads of this page. */
export class Uploads {
  #explorer: Explorer;
  #verbs: FileVerbs;
  #all = new Map<number, Upload>();
  #lastId = 0;
  #running = 0;
  #version = signal(0);
  #telling: ReturnType<typeof setTimeout> | undefined;
  #wakers = new Set<() => void>();
  /** Ends the requests of a connection that was lost. */
  #connection = new AbortController();

  /** The uploads, as they are now. */
  readonly all = computed<readonly Upload[]>(() => (this.#version.value, [...this.#all.values()]));

  constructor(explorer: Explorer, verbs: FileVerbs) {
    this.#explorer = explorer;
    this.#verbs = verbs;
  }

  /** Whether something would be lost if the page were closed now. */
  isBusy(): boolean {
    return [...this.#all.values()].some(({ state }) => state === "waiting" || state === "sending" || state === "away");
  }

  /** Takes what was dropped; called in the event. */
  async takeDrop(transfer: DataTransfer, dir: string): Promise<void> {
    await this.#take(await readDrop(transfer), dir);
  }

  /** Takes what a picker gave. */
  async takeFiles(files: FileList, dir: string): Promise<void> {
    await this.#take(fromFiles(files), dir);
  }

  /** The server answers again; what was asked before may never be answered. */
  reachable(): void {
    this.#connection.abort();
    this.#connection = new AbortController();
    for (const wake of [...this.#wakers]) wake();
  }

  /** Gives an upload up; what the server has of it is forgotten, as soon as it can be told. */
  cancel(upload: Upload): void {
    this.#all.delete(upload.id);
    upload.abort.abort();
    // Else whoever sends it forgets it, when nothing more is under way.
    if (!isMoving(upload)) void this.#forget(upload);
    this.#tell();
  }

  /** Gives all up that are not done. */
  cancelAll(): void {
    for (const upload of [...this.#all.values()]) this.cancel(upload);
  }

  /** Tries a failed one again. */
  retry(upload: Upload): void {
    this.#wait(upload);
  }

  /** Says what to do where something of that name exists; for all such ones when `isForAll`. */
  answer(upload: Upload, answer: "replace" | "both" | "skip", isForAll: boolean): void {
    const asked = [...this.#all.values()].filter((one) => one.state === "exists" && (isForAll || one === upload));
    for (const one of asked) {
      if (answer === "skip") this.cancel(one);
      else if (answer === "replace") this.#wait(one, { overwrite: true });
      else this.#wait(one, { path: join(parent(one.path), numbered(base(one.path))) });
    }
  }

  /** Forgets those that are done. */
  clearDone(): void {
    for (const upload of [...this.#all.values()]) if (upload.state === "done") this.#all.delete(upload.id);
    this.#tell();
  }

  async #take({ files, folders }: Drop, dir: string): Promise<void> {
    if (!this.isBusy()) this.clearDone();
    for (const folder of folders) await this.#folder(`${dir === "/" ? "" : dir}/${folder}`);
    for (const { file, place } of files) {
      const path = `${dir === "/" ? "" : dir}/${place}`;
      const upload: Upload = {
        id: ++this.#lastId,
        file,
        path,
        state: "waiting",
        sent: 0,
        problem: null,
        overwrite: false,
        isBegun: false,
        part: null,
        abort: new AbortController(),
      };
      this.#all.set(upload.id, upload);
    }
    if (dir !== this.#explorer.root.peek()) this.#explorer.expand(dir);
    this.#tell();
    this.#next();
  }

  /** An existing folder is as good as a new one; other refusals come again with its files. */
  async #folder(path: string): Promise<void> {
    try {
      await this.#verbs.create(path, "directory");
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
    }
  }

  #next(): void {
    for (const upload of this.#all.values()) {
      if (this.#running >= LANES) return;
      if (upload.state === "waiting") void this.#run(upload);
    }
  }

  async #run(upload: Upload): Promise<void> {
    this.#running++;
    upload.state = "sending";
    try {
      for (let failures = 0; upload.state === "sending" && !upload.abort.signal.aborted; failures++) {
        try {
          await this.#send(upload, () => (failures = 0));
        } catch (error) {
          await this.#failed(upload, error, failures);
        }
      }
    } finally {
      this.#running--;
      if (upload.abort.signal.aborted) void this.#forget(upload);
      this.#tell();
      this.#next();
    }
  }

  async #send(upload: Upload, progressed: () => void): Promise<void> {
    upload.isBegun = true;
    const begun = await beginUpload(upload.path, upload.file, upload.overwrite);
    upload.part = begun.id;
    if (upload.abort.signal.aborted) return;
    upload.sent = begun.offset;
    for (let offset = begun.offset; ;) {
      const step = await sendPiece(
        begun.id,
        upload.file,
        offset,
        (sent) => this.#sent(upload, sent),
        AbortSignal.any([upload.abort.signal, this.#connection.signal]),
      );
      offset = step.offset;
      progressed();
      this.#sent(upload, offset);
      if (!step.done) continue;
      upload.state = "done";
      upload.isBegun = false;
      if (step.entry) this.#explorer.directories.apply(parent(upload.path), [step.entry], []);
      return;
    }
  }

  async #failed(upload: Upload, error: unknown, failures: number): Promise<void> {
    if (!(error instanceof FileError)) throw error;
    if (upload.abort.signal.aborted) return;
    if (error.code === UNREACHED) {
      if (!(await isReadable(upload.file)))
        return this.#give(upload, "failed", "it changed on this computer since it was chosen");
      this.#give(upload, "away", null);
      await this.#pause(failures);
      if (!upload.abort.signal.aborted) this.#give(upload, "sending", null);
    } else if (error.reason === "exists" && (await this.#isThere(upload))) {
      // The last piece arrived, and only the answer to it was lost.
      upload.isBegun = false;
      this.#give(upload, "done", null);
    } else if (error.reason === "exists") {
      this.#give(upload, "exists", null);
    } else if (failures < 5 && (error.reason === "offset" || error.code === 404)) {
      // Where it stands is asked anew; a server that was restarted knows no old names.
      upload.part = null;
    } else this.#give(upload, "failed", error.message);
  }

  /** Removes what the server has of an upload, whenever it can be reached. */
  async #forget(upload: Upload): Promise<void> {
    for (let failures = 0; upload.isBegun; failures++) {
      try {
        // Only what was begun has a name, and a server that was restarted knows no old ones.
        upload.part ??= (await beginUpload(upload.path, upload.file, true)).id;
        await forgetUpload(upload.part);
        upload.isBegun = false;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        const isUnknown = error.code === 404 && upload.part !== null;
        if (isUnknown) upload.part = null;
        else if (error.code === UNREACHED || error.reason === "offset") await this.#pause(failures);
        else upload.isBegun = false;
      }
    }
  }

  async #isThere({ path, file, sent }: Upload): Promise<boolean> {
    if (sent < file.size || file.size === 0) return false;
    return this.#verbs.stat(path).then(
      ({ size }) => size === file.size,
      () => false,
    );
  }

  #give(upload: Upload, state: Upload["state"], problem: string | null): void {
    upload.state = state;
    upload.problem = problem;
    this.#tell();
  }

  #wait(upload: Upload, change: Partial<Upload> = {}): void {
    Object.assign(upload, { part: null, sent: 0, problem: null, ...change });
    upload.state = "waiting";
    this.#tell();
    this.#next();
  }

  /** Waits longer after each failure, or until the server answers again. */
  #pause(failures: number): Promise<void> {
    const ms = delayMs(Math.min(failures + 1, 6), Math.random());
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wakers.add(wake);
    });
  }

  #sent(upload: Upload, sent: number): void {
    upload.sent = sent;
    this.#tell();
  }

  #tell(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.#version.value++;
    }, TELL_MS);
  }
}

function isMoving({ state }: Upload): boolean {
  return state === "sending" || state === "away";
}

function numbered(name: string): string {
  const at = name.lastIndexOf(".");
  const [stem, ending] = at > 0 ? [name.slice(0, at), name.slice(at)] : [name, ""];
  const counted = /^(.*) copy(?: (\d+))?$/.exec(stem);
  if (!counted) return `${stem} copy${ending}`;
  return `${counted[1]} copy ${Number(counted[2] ?? 1) + 1}${ending}`;
}

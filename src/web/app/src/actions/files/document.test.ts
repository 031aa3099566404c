import { beforeEach, expect, test, vi } from "vitest";
import type { TextBuffer } from "../../model/files/buffer";
import type { Draft } from "../../net/files/drafts";
import { FileError } from "../../net/files/http";
import type { FileVerbs } from "../../net/files/verbs";
import type { FileFact, WatchClient, Watcher } from "../../net/files/watch";
import { OpenFile } from "./document";

/** A disk with one file; its hash is its content. */
const disk = vi.hoisted(() => ({
  text: "one\n" as string | null,
  refusal: null as number | null,
  drafts: new Map<string, Draft>(),
}));

vi.mock("../../net/files/http", async (original) => {
  const real = await original<typeof import("../../net/files/http")>();
  const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  return {
    ...real,
    read: async () => {
      if (disk.text === null) throw new real.FileError(404, "no such file");
      return { bytes: bytesOf(disk.text), hash: disk.text, size: disk.text.length, mtime: 1, isWritable: true };
    },
    save: async (_path: string, bytes: Uint8Array, seen: { hash: string } | "absent") => {
      if (disk.refusal !== null) throw new real.FileError(disk.refusal, "refused");
      const isSeen = seen === "absent" ? disk.text === null : disk.text === seen.hash;
      if (!isSeen) throw new real.FileError(412, "changed", "changed", disk.text);
      disk.text = String.fromCharCode(...bytes);
      return { hash: disk.text, mtime: 2, size: bytes.length };
    },
  };
});

vi.mock("../../net/files/drafts", () => ({
  keepDraft: async (draft: Draft) => void disk.drafts.set(draft.path, draft),
  draftOf: async (path: string) => disk.drafts.get(path) ?? null,
  dropDraft: async (path: string) => void disk.drafts.delete(path),
}));

class PlainBuffer implements TextBuffer {
  now: string;
  #saved: string;
  constructor(text: string) {
    this.now = this.#saved = text;
  }
  text = () => this.now;
  replace = (text: string) => void (this.now = text);
  markSaved = () => void (this.#saved = this.now);
  isChanged = () => this.now !== this.#saved;
  lock = () => {};
  focus = () => {};
  run = () => {};
}

async function opened() {
  let watcher: Watcher = {};
  const verbs = {
    stat: async () => {
      if (disk.text === null) throw new FileError(404, "no such file");
      return { name: "a", kind: "file", size: disk.text.length, mtime: 1, mode: 0o644, link: null };
    },
  } as unknown as FileVerbs;
  const watch = { watch: (_path: string, given: Watcher) => ((watcher = given), () => {}) } as unknown as WatchClient;
  const file = new OpenFile("f", "/h/a.txt", verbs, watch);
  await file.begin();
  const view = file.shown.value;
  const buffer = new PlainBuffer(view.kind === "text" ? view.source.text : "");
  await file.attach(buffer);
  const type = (text: string) => {
    buffer.now = text;
    file.edited();
  };
  /** Another program writes. */
  const written = async (text: string | null) => {
    disk.text = text;
    watcher.file?.((text === null ? null : { hash: text, mtime: 3, size: text.length }) satisfies FileFact);
    await vi.waitFor(() => {});
  };
  return { file, buffer, type, written };
}

beforeEach(() => {
  disk.text = "one\n";
  disk.refusal = null;
  disk.drafts.clear();
});

test("what was typed is dirty until it is saved", async () => {
  const { file, type } = await opened();
  type("two\n");
  expect(file.isDirty.value).toBe(true);
  await file.save();
  expect([disk.text, file.isDirty.value]).toEqual(["two\n", false]);
});

test("a clean text follows the disk, a dirty one is asked about", async () => {
  const { file, buffer, type, written } = await opened();
  await written("theirs\n");
  await vi.waitFor(() => expect(buffer.now).toBe("theirs\n"));
  expect(file.isDirty.value).toBe(false);
  type("mine\n");
  await written("again\n");
  expect([file.onDisk.value, buffer.now]).toEqual(["changed", "mine\n"]);
  await file.save();
  expect(disk.text).toBe("again\n");
  await file.keepMine();
  expect([disk.text, file.onDisk.value, file.isDirty.value]).toEqual(["mine\n", "same", false]);
});

test("a save that meets another content asks too, and theirs can be taken", async () => {
  const { file, buffer, type } = await opened();
  type("mine\n");
  disk.text = "theirs\n";
  await file.save();
  expect([disk.text, file.onDisk.value]).toEqual(["theirs\n", "changed"]);
  await file.takeTheirs();
  expect([buffer.now, file.onDisk.value, file.isDirty.value]).toEqual(["theirs\n", "same", false]);
});

test("a save whose answer was lost is no conflict", async () => {
  const { file, type } = await opened();
  type("mine\n");
  disk.refusal = 0;
  await file.save();
  expect(file.saving.value.state).toBe("waiting");
  disk.refusal = null;
  disk.text = "mine\n";
  file.reachable();
  await vi.waitFor(() => expect(file.saving.value.state).toBe("idle"));
  expect([file.onDisk.value, file.isDirty.value]).toEqual(["same", false]);
});

test("a full disk keeps the text dirty and says why", async () => {
  const { file, type } = await opened();
  type("mine\n");
  disk.refusal = 507;
  await file.save();
  expect(file.saving.value).toMatchObject({ state: "refused", code: 507 });
  expect([disk.text, file.isDirty.value, disk.drafts.get("/h/a.txt")?.text]).toEqual(["one\n", true, "mine\n"]);
});

test("a deleted file is made again by a save", async () => {
  const { file, type, written } = await opened();
  await written(null);
  expect(file.onDisk.value).toBe("deleted");
  type("mine\n");
  await file.save();
  expect([disk.text, file.onDisk.value]).toEqual(["mine\n", "same"]);
});

test("a draft comes back, and knows when the disk went on", async () => {
  const draft = {
    path: "/h/a.txt",
    text: "draft\n",
    codec: { encoding: "utf-8", hasBom: false, lineBreak: "\n" },
    at: 1,
  } as const;
  disk.drafts.set(draft.path, { ...draft, hash: "one\n" });
  const fresh = await opened();
  expect([fresh.buffer.now, fresh.file.isRestored.value, fresh.file.onDisk.value]).toEqual(["draft\n", true, "same"]);
  disk.drafts.set(draft.path, { ...draft, hash: "older\n" });
  const stale = await opened();
  expect([stale.buffer.now, stale.file.onDisk.value]).toEqual(["draft\n", "changed"]);
  expect(disk.drafts.get(draft.path)?.hash).toBe("older\n");
});

test("bytes that are no UTF-8 are not saved before someone says yes", async () => {
  disk.text = "caf\xe9\n";
  const { file, type } = await opened();
  type("caf\xe9!\n");
  await file.save();
  expect(disk.text).toBe("caf\xe9\n");
  file.editAsLatin1();
  await file.save();
  expect(disk.text).toBe("caf\xe9!\n");
});

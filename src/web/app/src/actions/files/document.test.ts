import { beforeEach, expect, test, vi } from "vitest";
import type { TextBuffer } from "../../model/files/buffer";
import type { Draft, KeptDraft } from "../../net/files/drafts";
import { FileError } from "../../net/files/http";
import type { FileVerbs } from "../../net/files/verbs";
import type { FileFact, WatchClient, Watcher } from "../../net/files/watch";
import { OpenFile } from "./document";

/** A disk with one file; its hash is its content. */
const disk = vi.hoisted(() => ({
  text: "one\n" as string | null,
  refusal: null as number | null,
  /** Where answers to readings are held back, in their order. */
  held: null as (() => void)[] | null,
  /** Those of the one file, by window. */
  drafts: new Map<string, KeptDraft>(),
}));

vi.mock("../../net/files/http", async (original) => {
  const real = await original<typeof import("../../net/files/http")>();
  const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
  return {
    ...real,
    read: async () => {
      if (disk.text === null) throw new real.FileError(404, "no such file");
      const { text, held } = disk;
      if (held) await new Promise<void>((resolve) => held.push(resolve));
      return { bytes: bytesOf(text), hash: text, size: text.length, mtime: 1, isWritable: true };
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
  keepDraft: async (draft: Draft) => void disk.drafts.set("here", { ...draft, window: "here" }),
  draftsOf: async () => {
    const left = [...disk.drafts.values()].filter(({ window }) => window !== "here");
    return { own: disk.drafts.get("here") ?? null, left, open: [] };
  },
  setAside: async (draft: KeptDraft) => {
    if (draft.window !== "here") return draft;
    const aside = { ...draft, window: "here.aside" };
    disk.drafts.set(aside.window, aside);
    return aside;
  },
  adoptDraft: async (draft: KeptDraft) => {
    disk.drafts.delete(draft.window);
    disk.drafts.set("here", { ...draft, window: "here" });
  },
  dropDraft: async (_path: string, window = "here") => void disk.drafts.delete(window),
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

async function opened(meanwhile?: (type: (text: string) => void) => void) {
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
  const type = (text: string) => {
    buffer.now = text;
    file.edited();
  };
  const attached = file.attach(buffer);
  meanwhile?.(type);
  await attached;
  /** Another program writes. */
  const written = async (text: string | null) => {
    disk.text = text;
    watcher.file?.((text === null ? null : { hash: text, mtime: 3, size: text.length }) satisfies FileFact);
    await vi.waitFor(() => {});
  };
  return { file, buffer, type, written };
}

/** All that has been answered is taken in. */
function allDone(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function draftOf(window: string, hash: string): KeptDraft {
  const codec = { encoding: "utf-8", hasBom: false, lineBreak: "\n" } as const;
  return { path: "/h/a.txt", text: "draft\n", codec, at: 1, hash, window };
}

beforeEach(() => {
  disk.text = "one\n";
  disk.refusal = null;
  disk.held = null;
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
  expect([disk.text, file.isDirty.value, disk.drafts.get("here")?.text]).toEqual(["one\n", true, "mine\n"]);
});

test("a deleted file is made again by a save", async () => {
  const { file, type, written } = await opened();
  await written(null);
  expect(file.onDisk.value).toBe("deleted");
  type("mine\n");
  await file.save();
  expect([disk.text, file.onDisk.value]).toEqual(["mine\n", "same"]);
});

test("a file that is deleted while it is read again stays deleted", async () => {
  const { file, buffer, written } = await opened();
  const held: (() => void)[] = (disk.held = []);
  await written("two\n");
  await written(null);
  expect(file.onDisk.value).toBe("deleted");
  held.forEach((answer) => answer());
  await allDone();
  expect([file.onDisk.value, buffer.now]).toEqual(["deleted", "one\n"]);
});

test("of two readings, the one that began later is shown", async () => {
  const { buffer, written } = await opened();
  const held: (() => void)[] = (disk.held = []);
  await written("two\n");
  await written("three\n");
  held.reverse().forEach((answer) => answer());
  await allDone();
  expect(buffer.now).toBe("three\n");
});

test("the text of a deleted file is unsaved, and comes back from its draft", async () => {
  const { file, written } = await opened();
  await written(null);
  expect([file.isDirty.value, file.isUnsaved.value]).toEqual([false, true]);
  expect(disk.drafts.get("here")).toMatchObject({ text: "one\n", hash: null });
  const again = await opened();
  expect([again.buffer.now, again.file.onDisk.value, again.file.isUnsaved.value]).toEqual(["one\n", "deleted", true]);
  await again.file.save();
  expect([disk.text, again.file.isUnsaved.value, disk.drafts.size]).toEqual(["one\n", false, 0]);
});

test("what two windows have of a deleted file is offered by neither to the other", async () => {
  const { file, written } = await opened();
  await written(null);
  disk.drafts.set("b", { ...draftOf("b", "one\n"), text: "one\n" });
  await file.save();
  await vi.waitFor(() => expect([file.left.value, disk.drafts.size]).toEqual([0, 0]));
});

test("a file that is there again is saved, and leaves no draft", async () => {
  const { file, buffer, written } = await opened();
  await written(null);
  await written("two\n");
  await vi.waitFor(() => expect(buffer.now).toBe("two\n"));
  expect([file.isUnsaved.value, disk.drafts.size]).toEqual([false, 0]);
});

test("saved under another path, it is that file", async () => {
  const { file, type } = await opened();
  type("mine\n");
  const taken = await file.saveAs("/h/b.txt", "absent").catch((error: FileError) => error.hash);
  expect([taken, file.path.value, disk.text, file.isDirty.value]).toEqual(["one\n", "/h/a.txt", "one\n", true]);
  await file.saveAs("/h/b.txt", { hash: "one\n" });
  expect([file.path.value, disk.text, file.isDirty.value, disk.drafts.size]).toEqual(["/h/b.txt", "mine\n", false, 0]);
  type("more\n");
  await file.save();
  expect(disk.text).toBe("more\n");
});

test("bytes that are no UTF-8 are made again as they were", async () => {
  disk.text = "caf\xe9\n";
  const { file, written } = await opened();
  await written(null);
  await file.save();
  expect([disk.text, file.isUnsaved.value]).toEqual(["caf\xe9\n", false]);
});

test("a draft comes back, and knows when the disk went on", async () => {
  disk.drafts.set("here", draftOf("here", "one\n"));
  const fresh = await opened();
  expect([fresh.buffer.now, fresh.file.isRestored.value, fresh.file.onDisk.value]).toEqual(["draft\n", true, "same"]);
  disk.drafts.set("here", draftOf("here", "older\n"));
  const stale = await opened();
  expect([stale.buffer.now, stale.file.onDisk.value]).toEqual(["draft\n", "changed"]);
  expect(disk.drafts.get("here")?.hash).toBe("older\n");
});

test("of what several windows left, one is shown and the others wait", async () => {
  disk.drafts.set("b", { ...draftOf("b", "one\n"), text: "newer\n" });
  disk.drafts.set("a", { ...draftOf("a", "one\n"), text: "older\n" });
  const { file, buffer } = await opened();
  expect([buffer.now, file.left.value, [...disk.drafts.keys()].sort()]).toEqual(["newer\n", 1, ["a", "here"]]);
  await file.save();
  expect([disk.text, [...disk.drafts.keys()]]).toEqual(["newer\n", ["a"]]);
  file.decideLeft("show");
  expect([buffer.now, file.left.value, file.onDisk.value]).toEqual(["older\n", 0, "changed"]);
  await file.keepMine();
  await vi.waitFor(() => expect([disk.text, disk.drafts.size]).toEqual(["older\n", 0]));
});

test.each(["a", "here"])("a key that comes before a draft was found replaces neither text", async (window) => {
  disk.drafts.set(window, draftOf(window, "one\n"));
  const { file, buffer } = await opened((type) => type("typed\n"));
  expect([buffer.now, file.left.value]).toEqual(["typed\n", 1]);
  file.keepDraft();
  const kept = () => [...disk.drafts.values()].map(({ text }) => text).sort();
  await vi.waitFor(() => expect(kept()).toEqual(["draft\n", "typed\n"]));
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

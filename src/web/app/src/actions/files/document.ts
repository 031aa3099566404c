/**
 * One open file: how it is shown, and how its text comes to disk.
 *
 * ```text
 * loading ──▶ text ◀──▶ changed on disk (compare, keep mine, take theirs)
 *    │         └──▶ saving ──▶ saved | waiting for the connection | refused
 *    └──▶ paged | hex | preview | refused
 * ```
 *
 * The editor holds the text, `FileState` what is seen of it; this decides what
 * is read, written and kept as a draft. Nothing is written over what the page
 * has not seen.
 */

import { computed } from "@preact/signals-core";
import type { Disposer } from "../../model/disposers";
import type { TextBuffer } from "../../model/files/buffer";
import { LARGEST_TEXT_BYTES } from "../../model/files/kinds";
import { decodeLatin1, encode, type Codec } from "../../model/files/text";
import { LOST } from "../../net/calls";
import { dropDraft, type Draft, type KeptDraft } from "../../net/files/drafts";
import { FileError, hashOf, read, seenOf, UNREACHED, type Seen } from "../../net/files/http";
import type { FileVerbs } from "../../net/files/verbs";
import type { FileFact, WatchClient } from "../../net/files/watch";
import { DraftKeeper } from "./draft-keeper";
import { FileState, IDLE } from "./file-state";
import { asText, lookAt, lookAtBytes, lookAtText, refusalOf, sourceLike, type Found, type Shown } from "./look";
import { savingAfter, Stamp, writeOver, type OnDisk } from "./write";

/** An open file. */
export class OpenFile extends FileState {
  #verbs: FileVerbs;
  #watch: WatchClient;
  #buffer: TextBuffer | null = null;
  #seen: Seen = "absent";
  #stamp = new Stamp();
  #theirs: Seen = "absent";
  #drafts = new DraftKeeper(
    () => this.#unsaved(),
    () => this.#buffer?.text() ?? null,
  );
  #unwatch: Disposer = () => {};
  #wasAsked = false;
  #savesAgain = false;
  #latest: { fact: FileFact } | null = null;
  /** Whether the watch told last that nothing is there. */
  #isGone = false;
  /** Readings after a change: how many were begun, and which one is shown. */
  #readings = { begun: 0, shown: 0 };

  /** What takes the keyboard where no editor does. */
  place: { focus(): void } | null = null;
  /** How many drafts of this file other windows left. */
  readonly left = computed(() => this.#drafts.left.value.length);

  constructor(id: string, path: string, verbs: FileVerbs, watch: WatchClient) {
    super(id, path);
    this.#verbs = verbs;
    this.#watch = watch;
  }

  /** Reads the file, once; later calls do nothing. */
  async begin(): Promise<void> {
    if (this.#wasAsked) return;
    this.#wasAsked = true;
    this.#follow();
    await this.open();
  }

  /** Reads the file as if it were opened just now. */
  async open(): Promise<void> {
    this.shown.value = { kind: "loading" };
    this.#stamp.forget();
    await this.#show(() => lookAt(this.path.value, this.#verbs));
  }

  async #show(look: () => Promise<Found>): Promise<void> {
    try {
      const { shown, content } = await look();
      if (content) this.#seen = { hash: content.hash };
      this.#put(shown);
      this.#settle();
    } catch (error) {
      const { code, message } = refusalOf(error);
      if (code === 404 && (await this.#restoreDeleted())) return;
      // Nobody answered: what was asked for comes with the connection.
      if (code === UNREACHED || code === LOST) this.#wasAsked = false;
      else this.shown.value = { kind: "refused", code, message };
    }
  }

  /** The server answers again. */
  reachable(): void {
    if (this.saving.value.state === "waiting") void this.save();
    if (this.shown.value.kind !== "loading" || this.#wasAsked) return;
    this.#wasAsked = true;
    void this.open();
  }

  /** Takes the editor of the text. */
  async attach(buffer: TextBuffer): Promise<void> {
    this.#buffer = buffer;
    const draft = this.isDirty.value ? null : await this.#drafts.find(this.path.value);
    if (this.#buffer !== buffer) return;
    // Its file may have been deleted before the editor was there.
    if (!draft) return this.keepDraft();
    // Someone was quicker with the first key.
    if (this.isDirty.value) return this.#drafts.leave(draft);
    if (draft.text === buffer.text()) return void dropDraft(draft.path, draft.window);
    this.#restore(draft, buffer);
  }

  /** The editor of the text goes. */
  detach(buffer: TextBuffer): void {
    if (this.#buffer === buffer) this.#buffer = null;
  }

  /** Gives the keyboard to what shows the file. */
  focus(): void {
    (this.#buffer ?? this.place)?.focus();
  }

  /** Performs an editor's own command. */
  run(command: Parameters<TextBuffer["run"]>[0]): void {
    this.#buffer?.run(command);
  }

  /** The text as it is being edited. */
  text(): string {
    return this.#buffer?.text() ?? "";
  }

  /** Takes note of a change in the editor. */
  edited(): void {
    this.isDirty.value = this.#buffer?.isChanged() ?? false;
    this.isPassing.value = false;
    if (this.saving.value.state === "refused") this.saving.value = IDLE;
    this.#drafts.soon(this.path.value);
  }

  /** Keeps what is not saved in the browser, at once. */
  keepDraft(): void {
    this.#drafts.now(this.path.value);
  }

  /** Saves, unless the disk has what the page has not seen. */
  async save(): Promise<void> {
    const buffer = this.#buffer;
    const view = this.shown.value;
    if (!buffer || view.kind !== "text" || this.onDisk.value === "changed") return;
    // What was deleted is made again byte for byte.
    if (view.readOnly === "not-utf8" && this.onDisk.value !== "deleted") return;
    if (this.saving.value.state === "saving") {
      this.#savesAgain = true;
      return;
    }
    this.#savesAgain = false;
    this.saving.value = { state: "saving" };
    const text = buffer.text();
    try {
      const bytes = encode(text, this.codec.value);
      const { hash } = await writeOver(this.path.value, bytes, this.#seen);
      this.#seen = { hash };
      this.#wrote(text);
    } catch (error) {
      this.#refused(error);
    }
    this.#settle();
    if (this.#savesAgain) await this.save();
  }

  /** Writes the text under another path, and is that file from then on. Throws what `writeOver` and `encode` do. */
  async saveAs(path: string, seen: Seen): Promise<void> {
    const [buffer, before] = [this.#buffer, this.saving.value];
    if (!buffer) return;
    if (before.state === "saving") throw new FileError(409, "it is being saved just now");
    this.saving.value = { state: "saving" };
    const text = buffer.text();
    try {
      const { hash } = await writeOver(path, encode(text, this.codec.value), seen);
      this.#becomes(path, { hash });
      this.#wrote(text);
    } catch (error) {
      this.saving.value = before;
      throw error;
    } finally {
      this.#settle();
    }
  }

  /** Saves over what the disk has now. */
  async keepMine(): Promise<void> {
    this.#seen = this.#theirs;
    this.onDisk.value = "same";
    this.comparing.value = null;
    await this.save();
  }

  /** Gives the own text up for what the disk has. */
  takeTheirs(): Promise<void> {
    return this.#reload(true);
  }

  /** Compares the own text with what the disk has. */
  async compare(isAgain = false): Promise<void> {
    const wasComparing = this.comparing.value !== null;
    this.comparing.value = null;
    if (wasComparing && !isAgain) return;
    try {
      const content = await read(this.path.value, LARGEST_TEXT_BYTES);
      this.#theirs = { hash: content.hash };
      this.comparing.value = (sourceLike(this.codec.value, content) ?? decodeLatin1(content.bytes)).text;
    } catch (error) {
      this.note.value = `it could not be compared: ${refusalOf(error).message}`;
    }
  }

  /** Shows what another window left of this file, or forgets all of it. */
  decideLeft(what: "show" | "discard"): void {
    if (what === "discard") return this.#drafts.dropLeft();
    const draft = this.isDirty.value || !this.#buffer ? null : this.#drafts.next();
    if (draft && this.#buffer) this.#restore(draft, this.#buffer);
  }

  /** Permits editing a file that is not UTF-8, byte for byte. */
  editAsLatin1(): void {
    const view = this.shown.value;
    if (view.kind !== "text") return;
    this.shown.value = { ...view, readOnly: null };
    this.#buffer?.lock(false);
    this.focus();
  }

  /** Writes the text in UTF-8 from now on. */
  async saveAsUtf8(): Promise<void> {
    this.codec.value = { ...this.codec.value, encoding: "utf-8" };
    this.saving.value = IDLE;
    await this.save();
  }

  /** Shows the bytes. */
  async showBytes(): Promise<void> {
    await this.#show(() => lookAtBytes(this.path.value));
  }

  /** Shows the text of what is shown as a picture otherwise, or the picture. */
  async showSource(isSource: boolean): Promise<void> {
    const path = this.path.value;
    await this.#show(() => (isSource ? lookAtText(path) : lookAt(path, this.#verbs)));
  }

  /** The file has another path now. */
  moved(path: string): void {
    this.#drafts.drop(this.path.value);
    this.path.value = path;
    this.keepDraft();
    if (this.#wasAsked) this.#follow();
  }

  /** Forgets what was typed, and the file. */
  close(): void {
    this.#drafts.drop(this.path.value);
    this.stop();
  }

  /** Stops following the file; a draft stays. */
  stop(): void {
    this.#unwatch();
    this.#drafts.end();
    this.#buffer = null;
  }

  /** It is another file, which was written with its text. */
  #becomes(path: string, seen: Seen): void {
    this.#drafts.drop(this.path.value);
    const view = this.shown.value;
    if (view.kind === "text" && view.readOnly === "not-writable") this.shown.value = { ...view, readOnly: null };
    this.path.value = path;
    this.#seen = seen;
    this.#latest = null;
    this.comparing.value = null;
    this.note.value = null;
    this.isPassing.value = false;
    this.#follow();
  }

  #follow(): void {
    this.#unwatch();
    this.#unwatch = this.#watch.watch(this.path.value, { file: (fact) => void this.#told(fact) });
  }

  /** Shows something else, and writes it as it is written on disk. */
  #put(shown: Shown): void {
    if (shown.kind === "text") this.codec.value = shown.source.codec;
    this.shown.value = shown;
  }

  #unsaved(): Omit<Draft, "path" | "at"> | null {
    if (!this.isUnsaved.value || !this.#buffer) return null;
    return { text: this.#buffer.text(), codec: this.codec.value, hash: hashOf(this.#seen) };
  }

  #restore(draft: KeptDraft, buffer: TextBuffer): void {
    const view = this.shown.value;
    this.codec.value = draft.codec;
    // Who began to edit such a file has said yes to Latin-1.
    if (view.kind === "text" && view.readOnly === "not-utf8") this.shown.value = { ...view, readOnly: null };
    buffer.lock(false);
    buffer.replace(draft.text);
    this.isRestored.value = true;
    this.isDirty.value = true;
    const disk = this.#seen;
    if (draft.hash !== hashOf(disk)) {
      this.#seen = seenOf(draft.hash);
      this.#differs(disk);
    }
    this.#drafts.adopt(draft);
  }

  /** A deleted file of which a draft is left is shown as that draft. */
  async #restoreDeleted(): Promise<boolean> {
    const draft = await this.#drafts.find(this.path.value);
    if (!draft) return false;
    this.#seen = "absent";
    this.onDisk.value = "deleted";
    this.#put({ kind: "text", source: { text: "", codec: draft.codec }, readOnly: null });
    return true;
  }

  #wrote(text: string): void {
    this.saving.value = IDLE;
    this.onDisk.value = "same";
    this.isRestored.value = false;
    if (this.#buffer?.text() === text) this.#buffer.markSaved();
    this.isDirty.value = this.#buffer?.isChanged() ?? false;
    this.keepDraft();
    void this.#drafts.look(this.path.value);
  }

  #refused(error: unknown): void {
    this.saving.value = savingAfter(error) ?? IDLE;
    if (error instanceof FileError && error.code === 412) this.#differs(seenOf(error.hash));
    this.keepDraft();
  }

  #differs(theirs: Seen, how: OnDisk = theirs === "absent" ? "deleted" : "changed"): void {
    this.#theirs = theirs;
    this.note.value = null;
    if (theirs === "absent") this.#seen = "absent";
    this.onDisk.value = how;
    if (how === "deleted") {
      this.isPassing.value = false;
      this.keepDraft();
    }
    // What is being looked at must be what "keep mine" writes over.
    if (this.comparing.value !== null) void this.compare(true);
  }

  /** What the watch told while the file was read or saved is judged after it. */
  #settle(): void {
    const latest = this.#latest;
    this.#latest = null;
    if (latest) void this.#told(latest.fact);
  }

  async #told(fact: FileFact): Promise<void> {
    this.#isGone = fact === null;
    const view = this.shown.value;
    if (this.saving.value.state === "saving" || view.kind === "loading") {
      this.#latest = { fact };
      return;
    }
    if (fact === null) return this.#deleted();
    if (view.kind === "refused" && view.code === 404) return this.open();
    if (view.kind !== "text") return this.#restamped(view, fact);
    const isSeen = this.#seen !== "absent" && this.#seen.hash === fact.hash;
    if (isSeen) this.#isThere();
    // Without a hash it cannot be read; a save would tell what is there.
    else if (this.isDirty.value) this.#differs(fact.hash === null ? this.#seen : { hash: fact.hash }, "changed");
    else await this.#reload(false);
  }

  /** What is not text is read anew by its view, unless this is the first word of it. */
  #restamped(view: Shown, fact: NonNullable<FileFact>): void {
    if (!this.#stamp.isNew(fact)) return;
    this.version.value++;
    if ("size" in view) this.shown.value = { ...view, size: fact.size };
  }

  /** The disk has what was read or written last. */
  #isThere(): void {
    if (this.onDisk.value === "same") return;
    this.onDisk.value = "same";
    this.keepDraft();
  }

  #deleted(): void {
    const { kind } = this.shown.value;
    if (kind === "text") this.#differs("absent");
    else if (kind !== "loading" && kind !== "refused")
      this.shown.value = { kind: "refused", code: 404, message: "it is no longer on disk" };
  }

  async #reload(isAsked: boolean): Promise<void> {
    const reading = ++this.#readings.begun;
    try {
      const content = await read(this.path.value, LARGEST_TEXT_BYTES);
      // One that began later may have been answered sooner, and the file may be gone by now.
      if (this.#isGone || reading < this.#readings.shown) return;
      this.#readings.shown = reading;
      if (this.isDirty.value && !isAsked) return this.#differs({ hash: content.hash });
      const next = sourceLike(this.codec.value, content);
      const isMixed = (codec: Codec) => codec.lineBreak === "mixed";
      const fits = next && isMixed(next.codec) === isMixed(this.codec.value);
      this.#seen = { hash: content.hash };
      this.onDisk.value = "same";
      this.comparing.value = null;
      this.isRestored.value = false;
      this.note.value = isAsked ? null : "changed on disk and read again";
      if (!next || !fits || !this.#buffer) {
        this.isDirty.value = false;
        this.#put(asText(content));
        this.keepDraft();
        return;
      }
      this.codec.value = next.codec;
      this.#buffer.replace(next.text);
      this.#buffer.markSaved();
      this.isDirty.value = false;
      this.keepDraft();
    } catch (error) {
      const { code, message } = refusalOf(error);
      if (code === 404) this.#deleted();
      else if (code !== UNREACHED) this.note.value = `changed on disk, but it could not be read: ${message}`;
    }
  }
}

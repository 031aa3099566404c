/** A text: editor, rendered Markdown beside it, notices above, status below. */

import { effect } from "@preact/signals-core";
import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import { saveFile, toggleWrap } from "../../actions/files/commands";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import type { Shown } from "../../actions/files/look";
import { Disposers } from "../../model/disposers";
import { isMarkdown, previewFor } from "../../model/files/kinds";
import { hint } from "../key-hint";
import { Compare } from "./compare";
import type { CodeEditor, CursorPlace } from "./editor";
import { hasKeyboard } from "./has-keyboard";
import { languageOf } from "./languages";
import { MarkdownView } from "./markdown-view";
import { PaneBar } from "./pane-bar";
import { StatusLine } from "./status-line";
import { TextNotices } from "./text-notices";

interface TextPaneProps {
  app: App;
  files: Files;
  file: OpenFile;
  view: Extract<Shown, { kind: "text" }>;
  isShown: boolean;
}

/** Edits a text file. */
export function TextPane({ app, files, file, view, isShown }: TextPaneProps) {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<CodeEditor | null>(null);
  const [cursor, setCursor] = useState<CursorPlace>({ line: 1, column: 1, selected: 0 });
  const [edits, setEdits] = useState(0);
  const { source } = view;
  useEffect(() => {
    const disposers = new Disposers();
    const changed = () => {
      file.edited();
      setEdits((count) => count + 1);
    };
    const ready = (made: CodeEditor) => {
      setEditor(made);
      const isWanted = files.front.value === file && !files.staysInTree;
      if (isWanted && hasKeyboard(host.current?.closest(".file-pane"))) made.focus();
    };
    if (host.current) void show(app, files, file, view, host.current, { changed, cursor: setCursor }, ready, disposers);
    return () => disposers.dispose();
  }, [source]);
  const name = file.name.value;
  // By its first line too; again when the file gets another name.
  useEffect(() => void editor?.speak(languageOf(name, source.text)), [editor, name]);
  const isMarkdownFile = isMarkdown(file.name.value);
  const isRendered = isMarkdownFile && file.isRendered.value;
  const theirs = file.comparing.value;
  return (
    <>
      <PaneBar app={app} files={files} file={file}>
        {file.isDirty.value && file.onDisk.value === "same" && (
          <button
            type="button"
            class="small primary"
            title={saveFile.label + hint(saveFile)}
            onClick={() => void file.save()}
          >
            Save
          </button>
        )}
        {isMarkdownFile && (
          <button
            type="button"
            class="small"
            aria-pressed={isRendered}
            onClick={() => (file.isRendered.value = !file.isRendered.value)}
          >
            Preview
          </button>
        )}
        {previewFor(file.name.value) === "image" && (
          <button type="button" class="small" onClick={() => void file.showSource(false)}>
            Picture
          </button>
        )}
        <button
          type="button"
          class="small pane-wrap"
          aria-pressed={app.settings.value.isWrapped}
          title={toggleWrap.label + hint(toggleWrap)}
          onClick={() => void toggleWrap.perform(app)}
        >
          Wrap
        </button>
      </PaneBar>
      <TextNotices app={app} file={file} view={view} />
      <div class={`text-area ${isRendered ? "text-area-split" : ""} ${theirs !== null ? "text-area-compared" : ""}`}>
        <div class="text-host" ref={host} />
        {isRendered && editor && <MarkdownView file={file} editor={editor} edits={edits} isShown={isShown} />}
        {theirs !== null && <Compare app={app} file={file} theirs={theirs} />}
      </div>
      <StatusLine app={app} file={file} view={view} cursor={cursor} editor={editor} />
    </>
  );
}

async function show(
  app: App,
  files: Files,
  file: OpenFile,
  view: TextPaneProps["view"],
  host: HTMLElement,
  events: { changed(): void; cursor(place: CursorPlace): void },
  ready: (editor: CodeEditor) => void,
  disposers: Disposers,
): Promise<void> {
  let isOver = false;
  disposers.add(() => (isOver = true));
  const { CodeEditor } = await import("./editor");
  if (isOver) return;
  const isPhone = matchMedia("(max-width: 640px)").matches;
  const looks = () => ({
    isDark: app.isDark.value,
    fontSize: app.settings.value.fontSize,
    isWrapped: app.settings.value.isWrapped || isPhone,
  });
  const editor = new CodeEditor(host, view.source, () => file.codec.value, looks(), events);
  disposers.add(() => editor.dispose());
  if (view.readOnly === "not-utf8") editor.lock(true);
  disposers.add(effect(() => editor.look(looks())));
  const viewState = files.viewStates.of(file);
  if (viewState) editor.restoreView(viewState);
  disposers.add(files.viewStates.follow(file, () => editor.viewState()));
  void file.attach(editor);
  disposers.add(() => file.detach(editor));
  ready(editor);
}

/** The open files, each over the terminals while it is in front. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { shown } from "../../model/files/paths";
import { Sentence } from "../sentence";
import { hasKeyboard } from "./has-keyboard";
import { HexPane } from "./hex-pane";
import { PagedPane } from "./paged-pane";
import { PaneBar } from "./pane-bar";
import { PreviewPane } from "./preview-pane";
import { SaveAsDialog } from "./save-as";
import { TextPane } from "./text-pane";

/** What of a view is scrolled by keys. */
const SCROLLED = '[role="document"], .picture';

/** Every file that was in front once, from then until its tab closes. */
export function FilePanes({ app, files }: { app: App; files: Files }) {
  const front = files.front.value;
  const seen = useSeen(front);
  return (
    <>
      {files.open.value
        .filter((file) => seen.has(file))
        .map((file) => (
          <FilePane key={file.id} app={app} files={files} file={file} isShown={file === front} />
        ))}
      <SaveAsDialog app={app} files={files} />
    </>
  );
}

function FilePane({ app, files, file, isShown }: { app: App; files: Files; file: OpenFile; isShown: boolean }) {
  const host = useRef<HTMLElement>(null);
  const { kind } = file.shown.value;
  // Before the next key comes: what is typed must not reach what had the keyboard before.
  useLayoutEffect(() => {
    file.place = { focus: () => (host.current?.querySelector<HTMLElement>(SCROLLED) ?? host.current)?.focus() };
    if (isShown && !files.staysInTree && !app.isPaletteOpen.value) file.focus();
  }, [file, isShown]);
  // What was loaded comes when it likes: by then the keyboard may be in use elsewhere.
  useLayoutEffect(() => {
    if (isShown && !files.staysInTree && hasKeyboard(host.current)) file.focus();
  }, [kind]);
  return (
    <section
      ref={host}
      tabIndex={-1}
      class="file-pane"
      id={`pane-${file.id}`}
      role="tabpanel"
      aria-label={shown(file.name.value)}
      hidden={!isShown}
    >
      <PaneContent app={app} files={files} file={file} isShown={isShown} />
    </section>
  );
}

function PaneContent({ app, files, file, isShown }: { app: App; files: Files; file: OpenFile; isShown: boolean }) {
  const view = file.shown.value;
  switch (view.kind) {
    case "text":
      return <TextPane app={app} files={files} file={file} view={view} isShown={isShown} />;
    case "hex":
      return <HexPane app={app} files={files} file={file} size={view.size} />;
    case "paged":
      return <PagedPane app={app} files={files} file={file} size={view.size} />;
    case "preview":
      return <PreviewPane app={app} files={files} file={file} as={view.as} />;
    case "loading":
      return <Waiting app={app} files={files} file={file} />;
    case "refused":
      return <Refused app={app} files={files} file={file} words={view.message} />;
  }
}

function Waiting({ app, files, file }: { app: App; files: Files; file: OpenFile }) {
  const isAway = app.session.ready.value === null;
  return (
    <>
      <PaneBar app={app} files={files} file={file} />
      <div class="pane-words">
        <span class="spinner" />
        <p>{isAway ? "Waits for the connection." : "Reading…"}</p>
      </div>
    </>
  );
}

function Refused({ app, files, file, words }: { app: App; files: Files; file: OpenFile; words: string }) {
  return (
    <>
      <PaneBar app={app} files={files} file={file} />
      <div class="pane-words" role="alert">
        <p>
          <strong>{shown(file.name.value)}</strong> cannot be shown: <Sentence text={words} />
        </p>
        <div class="buttons">
          <button type="button" onClick={() => void file.open()}>
            Try again
          </button>
          <button type="button" onClick={() => files.close(file)}>
            Close tab
          </button>
        </div>
      </div>
    </>
  );
}

function useSeen(file: OpenFile | null): ReadonlySet<OpenFile> {
  const [seen, setSeen] = useState<ReadonlySet<OpenFile>>(new Set());
  if (file === null || seen.has(file)) return seen;
  const next = new Set(seen).add(file);
  setSeen(next);
  return next;
}

/** The tabs of open files, to the right of those of terminals. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import { closeFile } from "../../actions/files/commands";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { base, parent, shown } from "../../model/files/paths";
import { CrossIcon } from "../icons";
import { hint } from "../key-hint";

/** One tab a file; those of the same name say where they are. */
export function FileTabs({ app, files }: { app: App; files: Files }) {
  const open = files.open.value;
  const names = open.map((file) => file.name.value);
  return (
    <>
      {open.map((file) => {
        const isAmbiguous = names.filter((name) => name === file.name.value).length > 1;
        return <FileTab key={file.id} app={app} files={files} file={file} isAmbiguous={isAmbiguous} />;
      })}
    </>
  );
}

function FileTab({ app, files, file, isAmbiguous }: { app: App; files: Files; file: OpenFile; isAmbiguous: boolean }) {
  const item = useRef<HTMLDivElement>(null);
  const isSelected = files.front.value === file;
  useEffect(() => {
    if (isSelected) item.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isSelected]);
  const name = shown(file.name.value);
  const path = file.path.value;
  const state = [
    isSelected && "tab-selected",
    file.isUnsaved.value && "tab-dirty",
    file.isPassing.value && "tab-passing",
    file.onDisk.value !== "same" && "tab-troubled",
  ];
  return (
    <div ref={item} class={`tab tab-file ${state.filter(Boolean).join(" ")}`} data-tab={file.id}>
      <button
        type="button"
        role="tab"
        class="tab-label"
        aria-selected={isSelected}
        aria-controls={`pane-${file.id}`}
        tabIndex={isSelected ? 0 : -1}
        title={shown(path) + (file.isUnsaved.value ? "\nnot saved" : "")}
        onClick={() => {
          files.staysInTree = false;
          files.bringToFront(file);
          app.workspace.focus();
        }}
        onDblClick={() => (file.isPassing.value = false)}
        onAuxClick={(event) => event.button === 1 && files.askToClose(file)}
      >
        <span>{name}</span>
        {isAmbiguous && <span class="tab-where"> {shown(base(parent(path)) || "/")}</span>}
        {file.isUnsaved.value && <span class="unseen">, not saved</span>}
        {file.isUnseen.value && <span class="bell-dot" role="img" aria-label="opened by a program" />}
      </button>
      <button
        type="button"
        class="tab-close"
        tabIndex={-1}
        title={closeFile.label + (isSelected ? hint(closeFile) : "")}
        aria-label={`Close ${name}`}
        onClick={() => {
          files.staysInTree = false;
          files.askToClose(file);
          app.workspace.focus();
        }}
      >
        <span class="tab-dot" />
        <CrossIcon />
      </button>
      {files.closing.value === file && <CloseQuestion app={app} files={files} file={file} anchor={item} />}
    </div>
  );
}

interface CloseQuestionProps {
  app: App;
  files: Files;
  file: OpenFile;
  anchor: { current: HTMLElement | null };
}

function CloseQuestion({ app, files, file, anchor }: CloseQuestionProps) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 8, top: 8 });
  const cancel = () => {
    files.closing.value = null;
    app.workspace.focus();
  };
  useLayoutEffect(() => {
    const at = anchor.current?.getBoundingClientRect();
    const most = innerWidth - (box.current?.offsetWidth ?? 0) - 8;
    if (at) setPlace({ left: Math.max(8, Math.min(at.left, most)), top: at.bottom + 6 });
    box.current?.querySelector<HTMLElement>(".primary")?.focus();
  }, []);
  return (
    <div
      ref={box}
      class="kill-popover"
      role="alertdialog"
      aria-label={`Save ${shown(file.name.value)}?`}
      style={{ left: `${place.left}px`, top: `${place.top}px` }}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <p>
        <strong>{shown(file.name.value)}</strong>{" "}
        {file.onDisk.value === "deleted" ? "is no longer on disk: only this tab has its text." : "is not saved."}
      </p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => void files.saveAndClose(file)}>
          Save
        </button>
        <button type="button" onClick={() => files.close(file)}>
          Discard
        </button>
        <button type="button" onClick={cancel}>
          Keep open
        </button>
      </div>
    </div>
  );
}

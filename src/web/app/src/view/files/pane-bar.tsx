/** The line above a file: where it is, and what can be done with it. */

import type { ComponentChildren } from "preact";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { parent, shown, withTilde } from "../../model/files/paths";

interface PaneBarProps {
  app: App;
  files: Files;
  file: OpenFile;
  children?: ComponentChildren;
}

/** Directory and name; the directory leads to the explorer. */
export function PaneBar({ app, files, file, children }: PaneBarProps) {
  const path = file.path.value;
  const dir = withTilde(parent(path), files.explorer.home.value);
  return (
    <div class="pane-bar">
      <button
        type="button"
        class="pane-path"
        title={`${shown(path)}\nShow it among the files`}
        onClick={() => {
          app.files.show();
          files.explorer.reveal(path);
        }}
      >
        <span class="pane-dir">
          <bdi>{shown(dir === "/" ? "/" : `${dir}/`)}</bdi>
        </span>
        <span class="pane-name">{shown(file.name.value)}</span>
      </button>
      <div class="pane-tools">
        {children}
        <button type="button" class="small" onClick={() => void files.download([path], () => false)}>
          Download
        </button>
      </div>
    </div>
  );
}

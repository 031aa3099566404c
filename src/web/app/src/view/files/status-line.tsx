/** The line below a text: saved or not, cursor, encoding, line ends, language. */

import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Shown } from "../../actions/files/look";
import { indentName } from "../../model/files/indent";
import { encodingName, lineBreakName } from "../../model/files/text";
import { grouped } from "../../model/files/words";
import type { CodeEditor, CursorPlace } from "./editor";
import { languageOf } from "./languages";

interface StatusLineProps {
  app: App;
  file: OpenFile;
  view: Extract<Shown, { kind: "text" }>;
  cursor: CursorPlace;
  editor: CodeEditor | null;
}

/** Quiet facts; the left end says whether the text is on disk. */
export function StatusLine({ app, file, view, cursor, editor }: StatusLineProps) {
  const codec = file.codec.value;
  const language = languageOf(file.name.value, view.source.text);
  return (
    <footer class="status-line">
      <span role="status">{stateWords(app, file, view)}</span>
      <span class="status-space" />
      <span>
        Line {grouped(cursor.line)}, column {grouped(cursor.column)}
        {cursor.selected > 0 && `, ${grouped(cursor.selected)} selected`}
      </span>
      {editor && <span class="status-more">{indentName(editor.indent)}</span>}
      <span>{encodingName(codec)}</span>
      <span class={codec.lineBreak === "mixed" ? "status-odd" : "status-more"}>{lineBreakName(codec)}</span>
      <span class="status-more">{language?.name ?? "Plain text"}</span>
    </footer>
  );
}

function stateWords(app: App, file: OpenFile, view: StatusLineProps["view"]): string {
  if (file.saving.value.state === "saving") return "Saving…";
  if (file.saving.value.state === "waiting") return "Waits to be saved";
  if (view.readOnly === "not-utf8" && file.onDisk.value !== "deleted") return "Read only";
  if (file.isUnsaved.value) return app.session.ready.value === null ? "Not saved, kept here" : "Not saved";
  return view.readOnly === "not-writable" ? "Not writable" : "Saved";
}

/** A text too large to edit: read only, a page at a time. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { LARGEST_TEXT_BYTES } from "../../model/files/kinds";
import { wholeLines } from "../../model/files/page-text";
import { bytes } from "../../model/files/words";
import { Sentence } from "../sentence";
import { PageBar, usePage } from "./pages";
import { PaneBar } from "./pane-bar";

/** Bytes a page: enough to scroll in, little enough to come at once. */
const PAGE_BYTES = 1 << 18;

/** Bytes read past a page, so that its last line is whole. */
const SPARE_BYTES = 1 << 14;

/** Shows the text. */
export function PagedPane({ app, files, file, size }: { app: App; files: Files; file: OpenFile; size: number }) {
  const [start, setStart] = useState(0);
  const { page, problem } = usePage(file, start, PAGE_BYTES + SPARE_BYTES);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollTo(0, 0), [page?.start]);
  const { fontSize, isWrapped } = app.settings.value;
  return (
    <>
      <PaneBar app={app} files={files} file={file}>
        <button type="button" class="small" onClick={() => void file.showBytes()}>
          Bytes
        </button>
      </PaneBar>
      <div class="pane-strip pane-strip-plain">
        <p>Larger than {bytes(LARGEST_TEXT_BYTES)}: shown in pages, read only.</p>
      </div>
      <div
        class={`paged ${isWrapped ? "paged-wrapped" : ""}`}
        ref={box}
        tabIndex={0}
        role="document"
        aria-label="Text"
        style={{ fontSize: `${fontSize}px` }}
      >
        {problem !== null && (
          <p class="pane-problem">
            <Sentence text={problem} startsLine />
          </p>
        )}
        <pre>{page && wholeLines(page.bytes, PAGE_BYTES, page.start === 0)}</pre>
      </div>
      <footer class="status-line">
        <PageBar size={size} start={start} length={PAGE_BYTES} go={setStart} />
      </footer>
    </>
  );
}

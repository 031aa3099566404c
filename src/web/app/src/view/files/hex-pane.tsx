/** Bytes as hexadecimal and as characters: read only, a page at a time. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { bytes, grouped } from "../../model/files/words";
import { Sentence } from "../sentence";
import { PageBar, usePage } from "./pages";
import { PaneBar } from "./pane-bar";

/** Bytes a page: 512 lines, which the browser lays out at once. */
const PAGE_BYTES = 8192;

/** Bytes a line. */
const LINE_BYTES = 16;

/** Shows any file. */
export function HexPane({ app, files, file, size }: { app: App; files: Files; file: OpenFile; size: number }) {
  const [start, setStart] = useState(0);
  const { page, problem } = usePage(file, start, PAGE_BYTES);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollTo(0, 0), [page?.start]);
  return (
    <>
      <PaneBar app={app} files={files} file={file} />
      <div class="pane-strip pane-strip-plain">
        <p>Not a text: {grouped(size)} bytes, read only.</p>
      </div>
      <div
        class="hex"
        ref={box}
        tabIndex={0}
        role="document"
        aria-label="Bytes"
        style={{ fontSize: `${app.settings.value.fontSize}px` }}
      >
        {problem !== null && (
          <p class="pane-problem">
            <Sentence text={problem} startsLine />
          </p>
        )}
        {size === 0 ? (
          <p class="pane-problem">The file is empty.</p>
        ) : (
          <pre>{page && linesOf(page.bytes, page.start)}</pre>
        )}
      </div>
      <footer class="status-line">
        {size > PAGE_BYTES ? (
          <PageBar size={size} start={start} length={PAGE_BYTES} go={setStart} />
        ) : (
          <span>{bytes(size)}</span>
        )}
      </footer>
    </>
  );
}

function linesOf(page: Uint8Array, start: number): string {
  const lines: string[] = [];
  for (let at = 0; at < page.length; at += LINE_BYTES) {
    const part = [...page.subarray(at, at + LINE_BYTES)];
    const pairs = part.map((byte) => byte.toString(16).padStart(2, "0"));
    const hex = [pairs.slice(0, 8), pairs.slice(8)].map((half) => half.join(" ").padEnd(23)).join("  ");
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${(start + at).toString(16).padStart(8, "0")}  ${hex}  ${text}`);
  }
  return lines.join("\n");
}

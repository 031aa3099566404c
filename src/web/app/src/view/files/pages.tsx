/** Moving through a file too large to be read at once. */

import { useEffect, useState } from "preact/hooks";
import type { OpenFile } from "../../actions/files/document";
import { bytes, grouped } from "../../model/files/words";
import { FileError, readRange } from "../../net/files/http";
import { focusWhole } from "./focus-whole";

/** The part that is shown. */
export interface Page {
  start: number;
  bytes: Uint8Array;
}

/** Reads the page at `start`; `null` while it comes. */
export function usePage(file: OpenFile, start: number, length: number): { page: Page | null; problem: string | null } {
  const [page, setPage] = useState<Page | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const path = file.path.value;
  const version = file.version.value;
  useEffect(() => {
    let isOver = false;
    const load = async () => {
      try {
        const { bytes: read } = await readRange(path, start, start + length);
        if (isOver) return;
        setPage({ start, bytes: read });
        setProblem(null);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        if (!isOver) setProblem(error.message);
      }
    };
    void load();
    return () => (isOver = true);
  }, [path, start, length, version]);
  return { page, problem };
}

interface PageBarProps {
  size: number;
  start: number;
  /** Bytes a page. */
  length: number;
  go: (start: number) => void;
}

/** First, previous, where, next, last; the field takes an offset or a percentage. */
export function PageBar({ size, start, length, go }: PageBarProps) {
  const [text, setText] = useState<string | null>(null);
  const last = Math.max(0, Math.floor((size - 1) / length) * length);
  const percent = size === 0 ? 0 : (start / size) * 100;
  const step = (goal: number) => go(Math.max(0, Math.min(last, goal)));
  const jump = () => {
    const goal = text === null ? null : goalOf(text, size);
    if (goal !== null) step(Math.floor(goal / length) * length);
    setText(null);
  };
  return (
    <div class="page-bar">
      <button type="button" class="small" disabled={start === 0} onClick={() => step(0)}>
        First
      </button>
      <button type="button" class="small" disabled={start === 0} onClick={() => step(start - length)}>
        Previous
      </button>
      <input
        type="text"
        class="page-field"
        aria-label="Go to an offset in bytes, or to a percentage"
        title="An offset (1048576, 0x100000) or a percentage (50%)"
        value={text ?? `${percent.toFixed(percent > 0 && percent < 10 ? 2 : 0)}%`}
        onMouseDown={focusWhole}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") jump();
          if (event.key === "Escape") setText(null);
        }}
        onBlur={() => setText(null)}
      />
      <button type="button" class="small" disabled={start >= last} onClick={() => step(start + length)}>
        Next
      </button>
      <button type="button" class="small" disabled={start >= last} onClick={() => step(last)}>
        Last
      </button>
      <span class="aside">
        {grouped(start)}–{grouped(Math.min(size, start + length))} of {bytes(size)}
      </span>
    </div>
  );
}

function goalOf(text: string, size: number): number | null {
  const percent = /^\s*([\d.]+)\s*%\s*$/.exec(text);
  if (percent) return Math.min(size, (Number(percent[1]) / 100) * size);
  const number = /^\s*(0x[\da-f]+|[\d,]+)\s*$/i.exec(text)?.[1];
  if (number === undefined) return null;
  return Math.min(
    size,
    number.startsWith("0") && /x/i.test(number) ? parseInt(number, 16) : Number(number.replaceAll(",", "")),
  );
}

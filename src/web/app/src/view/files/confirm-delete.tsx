/** Asks before anything is deleted for good. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Files } from "../../actions/files/files";
import { countOf } from "../../actions/files/operations";
import { Sentence } from "../sentence";
import { refocusTree } from "./tree-row";

/** A dialog; Escape means no, and no is what has the keyboard. */
export function ConfirmDelete({ files }: { files: Files }) {
  const { operations } = files;
  const asked = operations.confirming.value;
  const keep = useRef<HTMLButtonElement>(null);
  // Before the next key comes.
  useLayoutEffect(() => keep.current?.focus(), [asked]);
  if (!asked) return null;
  const cancel = () => {
    operations.confirming.value = null;
    refocusTree();
  };
  return (
    <div class="veil" onPointerDown={(event) => event.target === event.currentTarget && cancel()}>
      <div
        class="dialog"
        role="alertdialog"
        aria-modal="true"
        aria-label="Delete for good?"
        onKeyDown={(event) => event.key === "Escape" && cancel()}
      >
        {asked.why !== null && (
          <p>
            <Sentence text={asked.why} startsLine />
          </p>
        )}
        <p>
          Delete <Sentence text={`${countOf(asked.paths)} for good?`} />
        </p>
        <p class="aside">This cannot be taken back. What symbolic links lead to stays.</p>
        <div class="buttons">
          <button
            type="button"
            class="danger"
            onClick={() => {
              refocusTree();
              void operations.deleteForGood(asked.paths);
            }}
          >
            Delete for good
          </button>
          <button ref={keep} type="button" onClick={cancel}>
            Keep
          </button>
        </div>
      </div>
    </div>
  );
}

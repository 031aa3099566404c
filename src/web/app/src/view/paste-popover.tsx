/** Shows a paste before it is typed. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../actions/app";
import { pastePreview } from "../model/paste";

/** The first lines; Enter pastes, Escape does not. */
export function PastePopover({ app, text }: { app: App; text: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const [isLastTime, setLastTime] = useState(false);
  useLayoutEffect(() => button.current?.focus(), [text]);
  const { lines, total, hasControls } = pastePreview(text);
  const more = total - lines.length;
  const onKeyDown = (event: KeyboardEvent) => {
    // A button does by itself what it says.
    const isEnter = event.key === "Enter" && !(event.target instanceof HTMLButtonElement);
    if (event.key === "Escape") app.pasteGuard.cancel();
    else if (isEnter) app.pasteGuard.confirm(isLastTime);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="paste-popover" role="alertdialog" aria-label="Paste this?" onKeyDown={onKeyDown}>
      <p>
        {total === 1 ? "Paste this line" : `Paste these ${total} lines`}? The program takes each line as if you had
        typed it and pressed Enter{hasControls ? ", and control characters as keys" : ""}.
      </p>
      <pre tabIndex={0}>
        {lines.join("\n")}
        {more > 0 && <span class="paste-more">{`\n… ${more} more ${more === 1 ? "line" : "lines"}`}</span>}
      </pre>
      <label class="check">
        <input type="checkbox" checked={isLastTime} onChange={(event) => setLastTime(event.currentTarget.checked)} />
        Don’t ask again
      </label>
      <div class="buttons">
        <button ref={button} type="button" class="primary" onClick={() => app.pasteGuard.confirm(isLastTime)}>
          Paste
        </button>
        <button type="button" onClick={() => app.pasteGuard.cancel()}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** Asks whether a program may copy to the clipboard. */

import type { App } from "../actions/app";

/** How much of the text is shown, in characters. */
const SHOWN = 60;

/** A thin line over that end of the terminal where the cursor is not. */
export function CopyBar({ app }: { app: App }) {
  const request = app.clipboardGrant.request.value;
  if (request === null) return null;
  const place = app.workspace.current.value?.screen.isCursorHigh() ? "banner-low" : "banner-high";
  const answer = (act: () => void) => {
    act();
    app.workspace.focus();
  };
  const isAllowed = request.why === "press";
  return (
    <div class={`banner copy-bar ${place}`} role="alert">
      <div class="banner-text">
        <p>
          A program wants to copy to your clipboard: <code>{shortened(request.text)}</code>
        </p>
      </div>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => answer(() => void app.clipboardGrant.allow("once"))}>
          {isAllowed ? "Copy" : "Allow"}
        </button>
        {!isAllowed && (
          <button type="button" onClick={() => answer(() => void app.clipboardGrant.allow("always"))}>
            Always
          </button>
        )}
        <button type="button" onClick={() => answer(() => app.clipboardGrant.deny())}>
          Deny
        </button>
      </div>
    </div>
  );
}

function shortened(text: string): string {
  const line = text.slice(0, SHOWN * 2).replace(/\s+/g, " ").trim();
  return line.length > SHOWN || text.length > SHOWN * 2 ? `${line.slice(0, SHOWN)}…` : line;
}

/** A command to type, with a button that copies it. */

import { useState } from "preact/hooks";
import { CopyIcon, DoneIcon } from "./icons";

/** How long the button says that it copied, in milliseconds. */
const COPIED_MS = 2000;

/** Shows a command; the text is selected when it cannot be copied. */
export function CommandBox({ command }: { command: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (event: MouseEvent) => {
    const code = (event.currentTarget as HTMLElement).parentElement?.querySelector("code");
    try {
      await navigator.clipboard.writeText(command);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
    } catch {
      if (code) getSelection()?.selectAllChildren(code);
    }
  };
  return (
    <div class="command-box">
      <code>{command}</code>
      <button type="button" onClick={copy} aria-label={`Copy the command ${command}`}>
        {isCopied ? <DoneIcon /> : <CopyIcon />}
        <span>{isCopied ? "Copied" : "Copy"}</span>
      </button>
    </div>
  );
}

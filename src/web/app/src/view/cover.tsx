/** The calm page around progress, failure and sign-in. */

import type { ComponentChildren } from "preact";
import { Mark } from "./icons";
import { breakable } from "./sentence";

/** A name of more characters than this is set smaller. */
const LONG_NAME = 20;

interface CoverProps {
  lead: string;
  name: string;
  /** Whether it may be gone within a blink: then it waits for one before it is seen. */
  isBrief?: boolean;
  children: ComponentChildren;
}

/** One column: a small line, the name large, then whatever belongs to it. */
export function Cover({ lead, name, isBrief = false, children }: CoverProps) {
  return (
    <main class="cover">
      <div class={`cover-column ${isBrief ? "cover-column-brief" : ""}`}>
        <header class="cover-head">
          <Mark />
          <div>
            <p class="cover-lead">{lead}</p>
            <h1 class={`cover-name ${name.length > LONG_NAME ? "cover-name-long" : ""}`}>{breakable(name)}</h1>
          </div>
        </header>
        {children}
      </div>
    </main>
  );
}

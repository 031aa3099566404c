/** Asks before a terminal and what runs in it is ended, and perhaps started again. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../actions/app";
import { tabLabel, type Tab } from "../model/tabs";

/** The least distance to the window's edge, in CSS pixels. */
const MARGIN_PX = 8;

/** A small question under the tab; Escape and a click elsewhere mean no. */
export function KillPopover({ app, tab, verb }: { app: App; tab: Tab; verb: "kill" | "restart" }) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  const cancel = () => {
    app.workspace.confirming.value = null;
    app.workspace.focus();
  };
  useLayoutEffect(() => {
    setPlace(under(tab.id, box.current));
    // Before the next key comes.
    box.current?.querySelector<HTMLElement>(".danger")?.focus();
  }, [tab.id, verb]);
  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (!(event.target as HTMLElement).closest(".kill-popover, .tab-close")) cancel();
    };
    addEventListener("pointerdown", outside, { capture: true });
    return () => removeEventListener("pointerdown", outside, { capture: true });
  }, [tab.id, verb]);
  const isRestart = verb === "restart";
  return (
    <div
      ref={box}
      class="kill-popover"
      role="alertdialog"
      aria-label={`${isRestart ? "Restart" : "End"} ${tabLabel(tab)}?`}
      style={{ left: `${place.left}px`, top: `${place.top}px` }}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <p>
        End <strong>{tabLabel(tab)}</strong> and what runs in it
        {isRestart && ", and start a new terminal in its place"}?
      </p>
      <div class="buttons">
        <button type="button" class="danger" onClick={() => void app.workspace[verb](tab.id)}>
          {isRestart ? "Restart it" : "End it"}
        </button>
        <button type="button" onClick={cancel}>
          Keep it
        </button>
      </div>
    </div>
  );
}

function under(id: string, box: HTMLElement | null): { left: number; top: number } {
  const anchor = document.querySelector(`[data-tab="${id}"]`)?.getBoundingClientRect();
  if (!anchor || !box) return { left: MARGIN_PX, top: MARGIN_PX };
  const most = innerWidth - box.offsetWidth - MARGIN_PX;
  return { left: Math.max(MARGIN_PX, Math.min(anchor.left, most)), top: anchor.bottom + 6 };
}

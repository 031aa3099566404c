/** A menu at a place on the page: the explorer's, by mouse or keyboard. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** One line of a menu; `null` draws a line between groups. */
export interface MenuItem {
  label: string;
  /** The key that does the same, as shown. */
  key?: string;
  isDisabled?: boolean;
  isDangerous?: boolean;
  /** Whether it is the choice that holds, for those that are one of several. */
  isChecked?: boolean;
  perform(): void;
}

/** The least distance to the window's edge, in CSS pixels. */
const MARGIN_PX = 6;

/** Shows a menu; `close` is called before anything is performed. */
export function Menu({
  x,
  y,
  label,
  items,
  close,
}: {
  x: number;
  y: number;
  label: string;
  items: readonly (MenuItem | null)[];
  close: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ left: x, top: y });
  useLayoutEffect(() => {
    const { offsetWidth = 0, offsetHeight = 0 } = box.current ?? {};
    setPlace({
      left: Math.max(MARGIN_PX, Math.min(x, innerWidth - offsetWidth - MARGIN_PX)),
      top: Math.max(MARGIN_PX, Math.min(y, innerHeight - offsetHeight - MARGIN_PX)),
    });
    buttons(box.current)[0]?.focus();
  }, [x, y]);
  useEffect(() => {
    const outside = (event: Event) => !box.current?.contains(event.target as Node) && close();
    addEventListener("pointerdown", outside, { capture: true });
    addEventListener("blur", close);
    return () => {
      removeEventListener("pointerdown", outside, { capture: true });
      removeEventListener("blur", close);
    };
  }, []);
  return (
    <div
      ref={box}
      class="menu"
      role="menu"
      aria-label={label}
      style={{ left: `${place.left}px`, top: `${place.top}px` }}
      onKeyDown={(event) => pressed(event, box.current, close)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {items.map((item, at) =>
        item === null ? (
          <div key={`line ${at}`} class="menu-line" role="separator" />
        ) : (
          <button
            key={item.label}
            type="button"
            role={item.isChecked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={item.isChecked}
            class={item.isDangerous ? "menu-danger" : ""}
            tabIndex={-1}
            disabled={item.isDisabled}
            onClick={() => {
              close();
              item.perform();
            }}
          >
            <span class="menu-check">{item.isChecked ? "✓" : ""}</span>
            <span>{item.label}</span>
            {item.key && <kbd>{item.key}</kbd>}
          </button>
        ),
      )}
    </div>
  );
}

function buttons(box: HTMLElement | null): HTMLButtonElement[] {
  return [...(box?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
}

function pressed(event: KeyboardEvent, box: HTMLElement | null, close: () => void): void {
  const all = buttons(box);
  const at = all.indexOf(document.activeElement as HTMLButtonElement);
  const goals: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  const goal = goals[event.key];
  if (goal !== undefined) all.at(goal % all.length)?.focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else if ([...event.key].length === 1 && event.key !== " ") {
    const rest = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    rest.find((one) => one.innerText.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

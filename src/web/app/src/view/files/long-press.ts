/** A finger that rests: where a mouse has its right button. */

/** A finger that has rested so long asks for the menu, in milliseconds. */
const REST_MS = 500;

/** A finger that went farther scrolls, in CSS pixels. */
const REST_PX = 10;

/** Whether fingers point here: then nothing is dragged, a finger scrolls. */
export const hasFingers = matchMedia("(pointer: coarse)").matches;

/**
 * Calls `rested` when the finger that came down rests; not every browser makes
 * a `contextmenu` of that. What comes of the finger's end does nothing.
 */
export function whenRested(down: PointerEvent, rested: (place: { x: number; y: number }) => void): void {
  if (down.pointerType !== "touch") return;
  const { clientX: x, clientY: y } = down;
  const over = new AbortController();
  const timer = setTimeout(() => {
    over.abort();
    const swallow = (event: Event) => event.preventDefault();
    addEventListener("touchend", swallow, { capture: true, once: true, passive: false });
    rested({ x, y });
  }, REST_MS);
  const give = () => {
    clearTimeout(timer);
    over.abort();
  };
  const moved = (event: PointerEvent) => Math.hypot(event.clientX - x, event.clientY - y) > REST_PX && give();
  addEventListener("pointermove", moved, { signal: over.signal });
  for (const end of ["pointerup", "pointercancel", "contextmenu", "scroll"])
    addEventListener(end, give, { signal: over.signal, capture: true });
}

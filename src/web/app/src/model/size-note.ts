/** Where a page says that a terminal is not as large as its window. */

import type { View } from "./frames";
import type { Size } from "./screen";

/** A cell's width and height, in font sizes; near enough to find room. */
const CELL = { width: 0.6, height: 1.35 };

/** The room that a line of words with a button needs, in CSS pixels. */
const ROOM = { height: 48, width: 200 };

/**
 * How a terminal lies in its place.
 *
 * `exact` fills it; `smaller` leaves an area beside or below; `larger` is cut
 * off by the window.
 */
export type Fit = "exact" | "smaller" | "larger";

/** Compares what the holder has set with what this window would like. */
export function fitOf(view: View | null, wish: Size): Fit {
  // Alone, a difference lasts a round trip; only others make it stay.
  if (view === null || view.clients < 2 || wish.cols === 0) return "exact";
  if (view.cols > wish.cols || view.rows > wish.rows) return "larger";
  return view.cols < wish.cols || view.rows < wish.rows ? "smaller" : "exact";
}

/**
 * Where the words stand: in the area that the terminal leaves, or in the bar
 * when there is no room in it; `null` when there is nothing to say.
 */
export function notePlace(view: View | null, wish: Size, fontSize: number): "below" | "beside" | "bar" | null {
  if (view === null || view.clients < 2 || wish.cols === 0) return null;
  if (view.sized_by === "you") return "bar";
  const fit = fitOf(view, wish);
  if (fit === "exact") return null;
  if (fit === "larger") return "bar";
  if ((wish.rows - view.rows) * fontSize * CELL.height >= ROOM.height) return "below";
  return (wish.cols - view.cols) * fontSize * CELL.width >= ROOM.width ? "beside" : "bar";
}

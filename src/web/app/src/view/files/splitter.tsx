/** The edge of the panel, to be drawn with the mouse or moved by keys. */

import type { Files } from "../../actions/files/files";
import { WIDTHS } from "../../actions/files/explorer";

/** How far a key moves it, in CSS pixels. */
const STEP_PX = 24;

/** Changes the panel's width; a double click brings the usual one back. */
export function Splitter({ files }: { files: Files }) {
  const { explorer } = files;
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the files panel"
      aria-valuenow={explorer.width.value}
      aria-valuemin={WIDTHS.smallest}
      aria-valuemax={WIDTHS.largest}
      tabIndex={0}
      onDblClick={() => explorer.resize(WIDTHS.usual)}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -STEP_PX, ArrowRight: STEP_PX }[event.key];
        if (step !== undefined) explorer.resize(explorer.width.value + step);
      }}
      onPointerDown={(event) => {
        const edge = event.currentTarget;
        const start = event.clientX - explorer.width.value;
        edge.setPointerCapture(event.pointerId);
        edge.onpointermove = (moved) => explorer.resize(moved.clientX - start);
        edge.onpointerup = edge.onpointercancel = () => (edge.onpointermove = null);
      }}
    />
  );
}

/** Shows what differs between the disk and the own text, side by side. */

import { useEffect, useRef } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";

/** The disk at the left, the own text at the right; both read only. */
export function Compare({ app, file, theirs }: { app: App; file: OpenFile; theirs: string }) {
  const host = useRef<HTMLDivElement>(null);
  const { fontSize } = app.settings.value;
  const isDark = app.isDark.value;
  useEffect(() => {
    let dispose = () => {};
    let isOver = false;
    void import("./compare-view").then(({ showDifference }) => {
      if (isOver || !host.current) return;
      dispose = showDifference(host.current, theirs, file.text(), { isDark, fontSize, name: file.name.value });
    });
    return () => {
      isOver = true;
      dispose();
    };
  }, [theirs, isDark, fontSize]);
  return (
    <div class="compare">
      <div class="compare-heads">
        <span>On disk</span>
        <span>Yours</span>
      </div>
      <div class="compare-host" ref={host} />
    </div>
  );
}

/** Uploads in the foot of the explorer: one line for all, one for each that needs someone. */

import type { Upload, Uploads } from "../../actions/files/uploads";
import { base, shown } from "../../model/files/paths";
import { bytes, plural } from "../../model/files/words";
import { CrossIcon } from "../icons";
import { Sentence } from "../sentence";

/** The most files that have a line of their own. */
const MOST_LINES = 4;

/** Everything on its way; nothing when nothing is. */
export function UploadList({ uploads }: { uploads: Uploads }) {
  const all = uploads.all.value;
  if (all.length === 0) return null;
  const asking = all.filter(({ state }) => state === "exists");
  const failed = all.filter(({ state }) => state === "failed");
  const moving = all.filter(({ state }) => state === "sending" || state === "away");
  return (
    <>
      <Whole uploads={uploads} all={all} />
      {all.length > 1 && moving.slice(0, MOST_LINES).map((one) => <Line key={one.id} uploads={uploads} upload={one} />)}
      {failed.slice(0, MOST_LINES).map((one) => (
        <Failed key={one.id} uploads={uploads} upload={one} />
      ))}
      {asking[0] && <Exists uploads={uploads} upload={asking[0]} count={asking.length} />}
    </>
  );
}

function Whole({ uploads, all }: { uploads: Uploads; all: readonly Upload[] }) {
  const done = all.filter(({ state }) => state === "done").length;
  const total = all.reduce((sum, { file }) => sum + file.size, 0);
  const sent = all.reduce((sum, one) => sum + (one.state === "done" ? one.file.size : one.sent), 0);
  const isAway = all.some(({ state }) => state === "away");
  const isOver = !uploads.isBusy();
  const only = all.length === 1 && all[0] ? shown(base(all[0].path)) : null;
  if (isOver && done < all.length) return null;
  return (
    <div class={`strip ${isAway ? "strip-warn" : ""} ${isOver ? "" : "strip-progress"}`} role="status">
      <p>
        {isOver ? "Uploaded " : "Uploading "}
        {only ? <code>{only}</code> : isOver ? plural(done, "file") : `${done} of ${plural(all.length, "file")}`}
        <span class="aside">
          {" "}
          {isOver ? bytes(total) : `${bytes(sent)} of ${bytes(total)}`}
          {isAway && ", goes on when the connection is back"}
        </span>
      </p>
      <button
        type="button"
        class="strip-close"
        aria-label={isOver ? "Dismiss" : "Stop uploading"}
        title={isOver ? "Dismiss" : "Stop uploading"}
        onClick={() => (isOver ? uploads.clearDone() : uploads.cancelAll())}
      >
        <CrossIcon />
      </button>
      {!isOver && <progress max={Math.max(1, total)} value={sent} />}
    </div>
  );
}

function Line({ uploads, upload }: { uploads: Uploads; upload: Upload }) {
  return (
    <div class="strip strip-inner strip-progress">
      <p>
        <code>{shown(base(upload.path))}</code>
      </p>
      <button
        type="button"
        class="strip-close"
        aria-label="Stop this one"
        title="Stop this one"
        onClick={() => uploads.cancel(upload)}
      >
        <CrossIcon />
      </button>
      <progress max={Math.max(1, upload.file.size)} value={upload.sent} />
    </div>
  );
}

function Failed({ uploads, upload }: { uploads: Uploads; upload: Upload }) {
  return (
    <div class="strip strip-bad" role="alert">
      <p>
        <Sentence text={`\`${shown(base(upload.path))}\` was not uploaded: ${upload.problem ?? ""}`} />
      </p>
      <button type="button" class="small" onClick={() => uploads.retry(upload)}>
        Again
      </button>
      <button
        type="button"
        class="strip-close"
        aria-label="Dismiss"
        title="Dismiss"
        onClick={() => uploads.cancel(upload)}
      >
        <CrossIcon />
      </button>
    </div>
  );
}

function Exists({ uploads, upload, count }: { uploads: Uploads; upload: Upload; count: number }) {
  const isForAll = count > 1;
  const all = isForAll ? " all" : "";
  return (
    <div class="strip strip-warn strip-ask" role="alert">
      <p>
        <code>{shown(base(upload.path))}</code>
        {isForAll ? ` and ${plural(count - 1, "other")} are there already.` : " is there already."}
      </p>
      <div class="buttons">
        <button type="button" class="small" onClick={() => uploads.answer(upload, "replace", isForAll)}>
          Replace{all}
        </button>
        <button type="button" class="small" onClick={() => uploads.answer(upload, "both", isForAll)}>
          Keep both
        </button>
        <button type="button" class="small" onClick={() => uploads.answer(upload, "skip", isForAll)}>
          Skip{all}
        </button>
      </div>
    </div>
  );
}

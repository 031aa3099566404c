/** The foot of the explorer: notices, what is under way, and the way back. */

import type { App } from "../../actions/app";
import type { Files } from "../../actions/files/files";
import type { ShownJob } from "../../actions/files/operations";
import { CrossIcon } from "../icons";
import { Sentence } from "../sentence";
import { UploadList } from "./upload-list";
import { refocusTree } from "./tree-row";

/** Says what a person should know of the tree; empty when there is nothing. */
export function Footer({ app, files }: { app: App; files: Files }) {
  const { explorer, operations } = files;
  const polling = explorer.polling.value;
  const problem = operations.problem.value;
  const undo = operations.undo.value;
  const isAway = app.session.ready.value === null;
  return (
    <div class="explorer-foot">
      {isAway && <p class="strip strip-warn">Not connected: changes do not show now.</p>}
      {polling !== null && (
        <p class="strip strip-warn" role="note">
          <Sentence text={`changes show after 2 s: ${polling}`} startsLine />
        </p>
      )}
      {operations.jobs.value.map((job) => (
        <JobRow key={job.id} files={files} job={job} />
      ))}
      <UploadList uploads={files.uploads} />
      {problem !== null && (
        <div class="strip strip-bad" role="alert">
          <p>
            <Sentence text={problem} startsLine />
          </p>
          <Close label="Dismiss" perform={() => (operations.problem.value = null)} />
        </div>
      )}
      {undo?.isShown && (
        <div class="strip" role="status">
          <p>
            <Sentence text={undo.words} startsLine />
          </p>
          <button
            type="button"
            class="small"
            onClick={() => {
              refocusTree();
              void operations.takeBack();
            }}
          >
            Undo
          </button>
          <Close label="Dismiss" perform={() => operations.hideUndo()} />
        </div>
      )}
    </div>
  );
}

function JobRow({ files, job }: { files: Files; job: ShownJob }) {
  return (
    <div class="strip strip-progress" role="status">
      <p>
        <Sentence text={job.words} />
      </p>
      <Close label="Stop" perform={() => void files.operations.cancel(job.id)} />
      <progress max={Math.max(1, job.total)} value={job.done} />
    </div>
  );
}

function Close({ label, perform }: { label: string; perform: () => void }) {
  return (
    <button type="button" class="strip-close" aria-label={label} title={label} onClick={perform}>
      <CrossIcon />
    </button>
  );
}

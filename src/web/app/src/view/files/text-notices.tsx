/** What a person must know of the text before going on typing. */

import type { ComponentChildren } from "preact";
import type { App } from "../../actions/app";
import { saveFileAs } from "../../actions/files/commands";
import type { OpenFile } from "../../actions/files/document";
import type { Shown } from "../../actions/files/look";
import { CrossIcon } from "../icons";
import { Sentence } from "../sentence";

interface NoticeProps {
  app: App;
  file: OpenFile;
  view: Extract<Shown, { kind: "text" }>;
}

/** Strips above the editor, the most pressing first. */
export function TextNotices({ app, file, view }: NoticeProps) {
  const saving = file.saving.value;
  const onDisk = file.onDisk.value;
  return (
    <>
      {onDisk === "changed" && <Changed file={file} />}
      {onDisk === "deleted" && (
        <Strip tone="warn">
          <p>This file is no longer on disk: only this tab has its text. Saving makes it again.</p>
          <div class="buttons">
            <Button perform={() => void file.save()}>Save</Button>
          </div>
        </Strip>
      )}
      {saving.state === "refused" && (
        <Strip tone="bad">
          <p>
            {saving.code === 507 ? (
              <>The disk is full: nothing was written, and the old file is as it was. Your text stays here.</>
            ) : (
              <Sentence text={`not saved: ${saving.message}`} startsLine />
            )}
          </p>
          <div class="buttons">
            {saving.code === 400 && file.codec.value.encoding === "latin-1" && (
              <Button perform={() => void file.saveAsUtf8()}>Save as UTF-8</Button>
            )}
            <Button perform={() => void file.save()}>Try again</Button>
            <Button perform={() => void saveFileAs.perform(app)}>Save as…</Button>
          </div>
        </Strip>
      )}
      {saving.state === "waiting" && (
        <Strip tone="warn">
          <p>Not connected: this is saved when the connection is back. A copy is kept in this browser.</p>
        </Strip>
      )}
      {file.isRestored.value && (
        <Strip tone="plain">
          <p>These are changes that were not saved last time.</p>
          {onDisk === "same" && (
            <div class="buttons">
              <Button perform={() => void file.compare()}>
                {file.comparing.value === null ? "Compare" : "Done comparing"}
              </Button>
              <Button perform={() => void file.takeTheirs()}>Discard them</Button>
            </div>
          )}
        </Strip>
      )}
      {file.left.value > 0 && !file.isDirty.value && (
        <Strip tone="plain">
          <p>
            {file.left.value === 1 ? "Another window" : `${file.left.value} other windows`} left changes to this file
            that were not saved.
          </p>
          <div class="buttons">
            <Button perform={() => file.decideLeft("show")}>Show them</Button>
            <Button perform={() => file.decideLeft("discard")}>Discard them</Button>
          </div>
        </Strip>
      )}
      {view.readOnly === "not-utf8" && (
        <Strip tone="warn">
          <p>Not UTF-8: read only. Opened as Latin-1, every byte that you do not edit stays as it is.</p>
          <div class="buttons">
            <Button perform={() => file.editAsLatin1()}>Edit as Latin-1</Button>
            <Button perform={() => void file.showBytes()}>Show bytes</Button>
          </div>
        </Strip>
      )}
      {view.readOnly === "not-writable" && file.isDirty.value && saving.state !== "refused" && (
        <Strip tone="warn">
          <p>You may not write this file: saving will be refused unless its permissions change.</p>
          <div class="buttons">
            <Button perform={() => void saveFileAs.perform(app)}>Save as…</Button>
          </div>
        </Strip>
      )}
      {file.note.value !== null && (
        <Strip tone="plain">
          <p>
            <Sentence text={file.note.value} startsLine />
          </p>
          <Dismiss perform={() => (file.note.value = null)} />
        </Strip>
      )}
      {app.session.ready.value === null && saving.state !== "waiting" && file.isDirty.value && (
        <Strip tone="warn">
          <p>Not connected. What you type is kept in this browser until it can be saved.</p>
        </Strip>
      )}
    </>
  );
}

function Changed({ file }: { file: OpenFile }) {
  return (
    <Strip tone="bad">
      <p>
        <strong>This file changed on disk</strong> after you began to edit it.
      </p>
      <div class="buttons">
        <Button perform={() => void file.compare()}>
          {file.comparing.value === null ? "Compare" : "Done comparing"}
        </Button>
        <Button perform={() => void file.keepMine()}>Keep mine</Button>
        <Button perform={() => void file.takeTheirs()}>Take theirs</Button>
      </div>
    </Strip>
  );
}

function Strip({ tone, children }: { tone: "plain" | "warn" | "bad"; children: ComponentChildren }) {
  return (
    <div class={`pane-strip pane-strip-${tone}`} role={tone === "plain" ? "status" : "alert"}>
      {children}
    </div>
  );
}

function Button({ perform, children }: { perform: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="small" onClick={perform}>
      {children}
    </button>
  );
}

function Dismiss({ perform }: { perform: () => void }) {
  return (
    <button type="button" class="strip-close" aria-label="Dismiss" title="Dismiss" onClick={perform}>
      <CrossIcon />
    </button>
  );
}

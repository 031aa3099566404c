/** Asks for the path under which a text is saved. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import type { InTheWay } from "../../actions/files/save-as";
import { editable, edited, shown, stemLength, withTilde } from "../../model/files/paths";
import { Sentence } from "../sentence";

/** A dialog while it is asked; Enter saves and never replaces, Escape closes. */
export function SaveAsDialog({ app, files }: { app: App; files: Files }) {
  const file = files.saveAs.asked.value;
  return file && <Dialog key={file.id} app={app} files={files} file={file} />;
}

function Dialog({ app, files, file }: { app: App; files: Files; file: OpenFile }) {
  const home = files.explorer.home.value;
  const [text, setText] = useState(() => editable(withTilde(file.path.value, home)));
  const [inTheWay, setInTheWay] = useState<InTheWay | null>(null);
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  // Before the next key comes.
  useLayoutEffect(() => {
    const name = text.lastIndexOf("/") + 1;
    field.current?.focus();
    field.current?.setSelectionRange(name, name + stemLength(text.slice(name)));
  }, []);
  const close = () => {
    files.saveAs.asked.value = null;
    app.workspace.focus();
  };
  const save = async (isReplacing: boolean) => {
    if (isBusy) return;
    setBusy(true);
    const there = isReplacing && inTheWay && "there" in inTheWay ? inTheWay.there : "absent";
    const met = await files.saveAs.save(file, edited(text, file.path.value), home, there);
    setBusy(false);
    if (met === null) close();
    else setInTheWay(met);
  };
  const isThere = inTheWay !== null && "there" in inTheWay;
  return (
    <div
      class="veil"
      role="dialog"
      aria-modal="true"
      aria-label="Save as"
      onPointerDown={(event) => event.target === event.currentTarget && close()}
    >
      <form
        class="dialog"
        onKeyDown={(event) => event.key === "Escape" && close()}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isThere) void save(false);
        }}
      >
        <label class="save-as">
          <span>
            Save <strong>{shown(file.name.value)}</strong> as
          </span>
          <input
            ref={field}
            type="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-invalid={inTheWay !== null}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setInTheWay(null);
            }}
          />
        </label>
        {inTheWay !== null && (
          <p class="save-as-problem" role="alert">
            <Sentence text={words(inTheWay, home)} startsLine />
          </p>
        )}
        <div class="buttons">
          {isThere ? (
            <button type="button" class="danger" disabled={isBusy} onClick={() => void save(true)}>
              Replace it
            </button>
          ) : (
            <button type="submit" class="primary" disabled={isBusy}>
              Save
            </button>
          )}
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </div>
  );
}

function words(met: InTheWay, home: string | null): string {
  return "problem" in met ? met.problem : `\`${shown(withTilde(met.path, home))}\` exists.`;
}

/** The server's settings, each saved as soon as it is changed. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../actions/app";
import { setForAll } from "../actions/site-settings";
import { isOverruled, labelOf, readTyped, type Row } from "../model/site-settings";
import { Sentence } from "./sentence";
import "./styles/settings.css";

/** The groups, by who is told. */
const GROUPS = [
  { audience: "public", title: "Every browser" },
  { audience: "private", title: "The server" },
] as const;

/** A dialog over the page; Tab goes on, Enter saves, Escape closes. */
export function SettingsPage({ app }: { app: App }) {
  const settings = app.siteSettings;
  const dialog = useRef<HTMLDivElement>(null);
  const listed = settings.listed.value;
  const close = () => {
    // What is still being typed is saved by losing the keyboard.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    settings.isOpen.value = false;
    app.workspace.focus();
  };
  // The first field takes the keyboard when it is there.
  useLayoutEffect(() => {
    const first = dialog.current?.querySelector<HTMLElement>("input, select");
    (first ?? dialog.current)?.focus();
  }, [listed === null]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "Tab" && dialog.current) stayInside(dialog.current, event);
    else return;
    event.stopPropagation();
  };
  return (
    <div class="veil settings-veil" onPointerDown={(event) => event.target === event.currentTarget && close()}>
      <div
        ref={dialog}
        class="settings"
        role="dialog"
        aria-modal="true"
        aria-labelledby="settings-title"
        tabIndex={-1}
        onKeyDown={onKeyDown}
      >
        <header class="settings-head">
          <h1 id="settings-title">Settings</h1>
          {listed && (
            <p class="settings-file">
              kept in <code>{listed.file}</code>
            </p>
          )}
          <button type="button" class="settings-close" onClick={close}>
            Close
          </button>
        </header>
        <div class="settings-body">
          {settings.problem.value !== null && (
            <p class="settings-problem" role="alert">
              <Sentence text={settings.problem.value} startsLine />
            </p>
          )}
          {listed === null && settings.problem.value === null && <p class="settings-wait">Asking the server …</p>}
          {listed &&
            GROUPS.map(({ audience, title }) => (
              <section key={audience} aria-label={title}>
                <h2>{title}</h2>
                {listed.settings
                  .filter((row) => row.audience === audience)
                  .map((row) => (
                    <Setting key={row.key} app={app} row={row} />
                  ))}
              </section>
            ))}
        </div>
        <Footer app={app} rows={listed?.settings ?? []} />
      </div>
    </div>
  );
}

/** One setting: name and sentence, field, where its value is from. */
function Setting({ app, row }: { app: App; row: Row }) {
  const problem = app.siteSettings.problems.value.get(row.key) ?? null;
  const id = `setting-${row.key}`;
  return (
    <div class="setting" data-key={row.key}>
      <div class="setting-words">
        <label for={id}>{labelOf(row.key)}</label>
        <p id={`${id}-sentence`}>
          <Sentence text={row.sentence} />
        </p>
      </div>
      <div class="setting-value">
        <div class="setting-line">
          <Field app={app} row={row} id={id} isWrong={problem !== null} />
          <button
            type="button"
            class="setting-reset"
            aria-label={`Reset ${labelOf(row.key)}`}
            hidden={!row.is_in_file || row.kind.type === "secret"}
            onClick={() => void setForAll(app, row.key, null)}
          >
            Reset
          </button>
        </div>
        {problem !== null && (
          <p class="setting-problem" id={`${id}-problem`} role="alert">
            <Sentence text={problem} startsLine />
          </p>
        )}
        <p class="setting-from">
          <From row={row} />
        </p>
      </div>
    </div>
  );
}

function From({ row }: { row: Row }) {
  if (isOverruled(row)) {
    return (
      <>
        <span class="setting-badge">overruled</span> {row.value === null ? "a value" : <code>{String(row.value)}</code>}{" "}
        of <Sentence text={row.from} />
      </>
    );
  }
  if (row.needs_restart) {
    return <span class="setting-badge">holds after a restart</span>;
  }
  if (!row.is_set) return null;
  return <>{row.origin === "file" ? "set here" : "default"}</>;
}

interface FieldProps {
  app: App;
  row: Row;
  id: string;
  isWrong: boolean;
}

function Field({ app, row, id, isWrong }: FieldProps) {
  const described = `${id}-sentence${isWrong ? ` ${id}-problem` : ""}`;
  const shared = { id, "aria-describedby": described, "aria-invalid": isWrong };
  const shown = row.in_file ?? (isOverruled(row) ? row.default : row.value);
  if (row.kind.type === "secret") {
    return (
      <p class="setting-secret" id={id}>
        {row.is_set ? "Set" : "Not set"}. <code>cocalc-plus config set {row.key} -</code>
      </p>
    );
  }
  if (row.kind.type === "choice" || row.kind.type === "switch") {
    const words = row.kind.type === "choice" ? row.kind.of : ["true", "false"];
    const save = (text: string) => void setForAll(app, row.key, row.kind.type === "switch" ? text === "true" : text);
    return (
      <select {...shared} value={String(shown ?? "")} onChange={(event) => save(event.currentTarget.value)}>
        {words.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    );
  }
  return <TextField key={String(shown)} app={app} row={row} shared={shared} shown={shown === null ? "" : String(shown)} />;
}

interface TextFieldProps {
  app: App;
  row: Row;
  shared: { id: string; "aria-describedby": string; "aria-invalid": boolean };
  shown: string;
}

/** A text or number; saved by Enter or by leaving it. */
function TextField({ app, row, shared, shown }: TextFieldProps) {
  const [text, setText] = useState(shown);
  const save = () => {
    if (text === shown) return app.siteSettings.complain(row.key, null);
    const typed = readTyped(row.kind, text);
    if ("problem" in typed) app.siteSettings.complain(row.key, typed.problem);
    else void setForAll(app, row.key, typed.value);
  };
  return (
    <input
      {...shared}
      type="text"
      inputMode={row.kind.type === "number" ? "numeric" : "text"}
      class={row.kind.type === "number" ? "setting-number" : ""}
      placeholder={row.default === null ? "not set" : String(row.default)}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => event.key === "Enter" && save()}
    />
  );
}

/** What was done last, and what is to be done. */
function Footer({ app, rows }: { app: App; rows: readonly Row[] }) {
  const settings = app.siteSettings;
  const last = settings.changes.value.at(-1);
  const isWaiting = rows.some((row) => row.needs_restart);
  return (
    <footer class="settings-foot">
      <p role="status">
        {settings.saving.value !== null && `Saving ${labelOf(settings.saving.value)} …`}
        {settings.saving.value === null && last && `${labelOf(last.key)} is ${last.after ?? "reset"}.`}
        {isWaiting && (
          <span class="settings-restart">
            {" "}
            Start the server again for all of them: <code>cocalc-plus serve --daemon-stop</code>, then{" "}
            <code>serve --daemon</code>; terminals live on.
          </span>
        )}
      </p>
      <button type="button" disabled={!last} onClick={() => void settings.undo()}>
        Undo
      </button>
    </footer>
  );
}

/** Keeps the keyboard in the dialog. */
function stayInside(dialog: HTMLElement, event: KeyboardEvent): void {
  const all = dialog.querySelectorAll<HTMLElement>("input, select, button:not([disabled]):not([hidden])");
  const [first, last] = [all[0], all[all.length - 1]];
  const edge = event.shiftKey ? first : last;
  if (document.activeElement !== edge && document.activeElement !== dialog) return;
  if (document.activeElement === dialog && !event.shiftKey) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

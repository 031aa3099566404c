/** All commands in one searchable list. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Action } from "../actions/action";
import type { App } from "../actions/app";
import { ACTIONS, search } from "../actions/list";
import { palette } from "../actions/palette";
import { keyOf } from "./key-hint";

/** A dialog over the page; typing narrows, Enter performs, Escape closes. */
export function Palette({ app }: { app: App }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const offered = ACTIONS.filter((action) => action !== palette && !action.isUnlisted && action.when(app));
  const found = search(offered, text);
  const chosen = Math.min(at, found.length - 1);
  // Before the next key comes.
  useLayoutEffect(() => input.current?.focus(), []);

  const close = () => {
    app.isPaletteOpen.value = false;
    app.workspace.focus();
  };
  const perform = (action: Action | undefined) => {
    if (!action) return;
    close();
    void action.perform(app);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((chosen + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") perform(found[chosen]);
    else if (event.key === "Escape") close();
    else if (event.key !== "Tab") return;
    event.preventDefault();
  };

  return (
    <div class="veil" onPointerDown={(event) => event.target === event.currentTarget && close()}>
      <div class="palette" role="dialog" aria-modal="true" aria-label="All commands" onKeyDown={onKeyDown}>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found[chosen] ? optionId(found[chosen]) : undefined}
          aria-label="Search commands"
          placeholder="Search commands"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
        />
        <ul id="palette-list" role="listbox" aria-label="Commands">
          {found.map((action, index) => (
            <Option key={action.name} action={action} isChosen={index === chosen} perform={() => perform(action)} />
          ))}
        </ul>
        {found.length === 0 && <p class="palette-empty">No command is called that.</p>}
      </div>
    </div>
  );
}

function Option({ action, isChosen, perform }: { action: Action; isChosen: boolean; perform: () => void }) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isChosen) item.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  return (
    <li ref={item} id={optionId(action)} role="option" aria-selected={isChosen} onClick={perform}>
      <span>{action.label}</span>
      <kbd>{keyOf(action)}</kbd>
    </li>
  );
}

function optionId(action: Action): string {
  return `command-${action.name.replace(".", "-")}`;
}

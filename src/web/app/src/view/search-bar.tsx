/** The search in a terminal's scrollback. */

import type { Signal } from "@preact/signals-core";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App } from "../actions/app";
import type { Attached } from "../actions/workspace";
import type { Found, Query, SearchStep } from "../model/screen";
import { foundWords } from "../model/words";
import { CrossIcon, DownIcon, UpIcon } from "./icons";

/** The wait after a key before it is searched, in milliseconds. */
const TYPING_MS = 120;

/** A field over the terminal's corner; Enter goes to older matches, Shift+Enter to newer ones, Escape closes. */
export function SearchBar({ app, attached, found }: { app: App; attached: Attached; found: Signal<Found | null> }) {
  const { screen, client } = attached;
  const input = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState<Query>(() => ({
    text: oneLine(screen.selection()),
    isCaseSensitive: false,
    isRegex: false,
  }));
  const [isWrong, setWrong] = useState(false);
  const isLoading = client.isLoadingHistory.value;
  const find = (step: SearchStep) => {
    if (query.text === "") found.value = null;
    // A flood may have taken it away meanwhile.
    client.fetchHistory();
    screen.find(query, step).then(
      () => setWrong(false),
      () => setWrong(true),
    );
  };
  const close = () => {
    app.searching.value = null;
    app.workspace.focus();
  };
  // Before the next key comes.
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  useEffect(() => {
    client.fetchHistory();
    return () => {
      found.value = null;
      screen.endFind();
    };
  }, [screen, client]);
  useEffect(() => {
    if (isLoading) return;
    const timer = setTimeout(() => find("typed"), TYPING_MS);
    return () => clearTimeout(timer);
  }, [query, isLoading]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && event.target === input.current) find(event.shiftKey ? "newer" : "older");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const words = isWrong ? "not a pattern" : query.text === "" ? "" : foundWords(found.value);
  return (
    <div class="search-bar" role="search" onKeyDown={onKeyDown}>
      <input
        ref={input}
        class="search-text"
        type="text"
        aria-label="Search in this terminal"
        placeholder="Search"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={isWrong}
        value={query.text}
        onInput={(event) => setQuery({ ...query, text: event.currentTarget.value })}
      />
      <span class="search-count" role="status">
        {isLoading ? <span class="spinner" title="Loading history" /> : words}
      </span>
      <Toggle
        label="Match case"
        sign="Aa"
        isOn={query.isCaseSensitive}
        press={() => setQuery({ ...query, isCaseSensitive: !query.isCaseSensitive })}
      />
      <Toggle
        label="Regular expression"
        sign=".*"
        isOn={query.isRegex}
        press={() => setQuery({ ...query, isRegex: !query.isRegex })}
      />
      <Button label="Older match" keyName="Enter" press={() => find("older")}>
        <UpIcon />
      </Button>
      <Button label="Newer match" keyName="Shift Enter" press={() => find("newer")}>
        <DownIcon />
      </Button>
      <Button label="Close the search" keyName="Esc" press={close}>
        <CrossIcon />
      </Button>
    </div>
  );
}

function Button({ label, keyName, press, children }: ButtonProps & { keyName: string; children: ComponentChildren }) {
  return (
    <button type="button" class="bar-button" title={`${label} (${keyName})`} aria-label={label} onClick={press}>
      {children}
    </button>
  );
}

function Toggle({ label, sign, isOn, press }: ButtonProps & { sign: string; isOn: boolean }) {
  const looks = "bar-button search-toggle";
  return (
    <button type="button" class={looks} title={label} aria-label={label} aria-pressed={isOn} onClick={press}>
      {sign}
    </button>
  );
}

interface ButtonProps {
  label: string;
  press: () => void;
}

/** A selection over several lines is no search. */
function oneLine(text: string): string {
  return /[\r\n]/.test(text) ? "" : text.trim();
}

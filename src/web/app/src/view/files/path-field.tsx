/** The directory that is shown, as text that can be changed. */

import { useEffect, useState } from "preact/hooks";
import type { Files } from "../../actions/files/files";
import { meant, parent, shown, withTilde } from "../../model/files/paths";
import { FileError, list } from "../../net/files/http";
import { Sentence } from "../sentence";
import { focusWhole } from "./focus-whole";
import { refocusTree } from "./tree-row";

/** The most completions that are offered. */
const MOST = 12;

/** A wait before completions are asked for, in milliseconds. */
const ASK_MS = 80;

/** Shows the path; typing offers directories, Enter goes there. */
export function PathField({ files }: { files: Files }) {
  const { explorer } = files;
  const [text, setText] = useState<string | null>(null);
  const [at, setAt] = useState(-1);
  const [problem, setProblem] = useState<string | null>(null);
  const home = explorer.home.value;
  const path = explorer.root.value;
  const offered = useCompletions(text, path, home);

  const leave = () => {
    setText(null);
    setProblem(null);
    setAt(-1);
  };
  const go = async (typed: string) => {
    const goal = meant(typed, path, home);
    try {
      await list(goal);
      explorer.show(goal);
      leave();
      refocusTree();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      setProblem(error.message);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = offered[at];
    if (event.key === "ArrowDown") setAt(Math.min(offered.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(-1, at - 1));
    else if (event.key === "Tab" && !event.shiftKey && offered.length > 0) setText(`${chosen ?? offered[0] ?? ""}/`);
    else if (event.key === "Enter") void go(chosen ?? text ?? path);
    else if (event.key === "Escape") {
      leave();
      refocusTree();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="path-field">
      <input
        type="text"
        role="combobox"
        aria-label="Directory"
        aria-expanded={offered.length > 0}
        aria-controls="path-offers"
        aria-invalid={problem !== null}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        title={text === null ? shown(path) : undefined}
        value={text ?? shown(withTilde(path, home))}
        onMouseDown={focusWhole}
        onFocus={({ currentTarget: field }) => {
          field.value = withTilde(path, home);
          field.select();
          setText(field.value);
        }}
        onBlur={leave}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setProblem(null);
          setAt(-1);
        }}
        onKeyDown={onKeyDown}
      />
      {problem !== null && (
        <p class="path-problem" role="alert">
          <Sentence text={problem} startsLine />
        </p>
      )}
      {text !== null && problem === null && offered.length > 0 && (
        <ul id="path-offers" class="path-offers" role="listbox" aria-label="Directories">
          {offered.map((offer, index) => (
            <li
              key={offer}
              role="option"
              aria-selected={index === at}
              onPointerDown={(event) => {
                event.preventDefault();
                void go(offer);
              }}
            >
              {shown(offer)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function useCompletions(text: string | null, root: string, home: string | null): string[] {
  const [found, setFound] = useState<string[]>([]);
  const isTyped = text !== null && text !== withTilde(root, home);
  useEffect(() => {
    setFound([]);
    if (!isTyped || text === null) return;
    let isOver = false;
    const timer = setTimeout(async () => {
      const next = await complete(text, root, home).catch(() => []);
      if (!isOver) setFound(next);
    }, ASK_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [text]);
  return isTyped ? found : [];
}

async function complete(text: string, root: string, home: string | null): Promise<string[]> {
  const whole = meant(text, root, home);
  const dir = text.endsWith("/") ? whole : parent(whole);
  const begun = text.endsWith("/") ? "" : text.slice(text.lastIndexOf("/") + 1).toLowerCase();
  const { names, kinds } = await list(dir);
  const lead = text.slice(0, text.lastIndexOf("/") + 1);
  return names
    .filter((name, at) => /[dL]/.test(kinds[at] ?? "") && name.toLowerCase().startsWith(begun))
    .filter((name) => begun.startsWith(".") || !name.startsWith("."))
    .sort()
    .slice(0, MOST)
    .map((name) => lead + name);
}

/**
 * The text editor: CodeMirror behind `model/files/buffer.ts`.
 *
 * A chunk of its own, loaded with the first text. Lines end as the codec says
 * when the text is given out; inside there is one line break. A file that
 * mixes several keeps its carriage returns as characters, so none is lost.
 */

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, redo, undo } from "@codemirror/commands";
import {
  bracketMatching,
  codeFolding,
  foldAll,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  unfoldAll,
} from "@codemirror/language";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorSelection, EditorState, type Extension, type Text } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import type { Source, ViewState, TextBuffer } from "../../model/files/buffer";
import { indentOf, type Indent } from "../../model/files/indent";
import type { Codec } from "../../model/files/text";
import { editorTheme } from "./editor-theme";
import type { Language } from "./languages";

/** How an editor looks. */
export interface EditorLooks {
  isDark: boolean;
  fontSize: number;
  isWrapped: boolean;
}

/** Where the cursor is, for the status line. */
export interface CursorPlace {
  line: number;
  column: number;
  /** Selected characters. */
  selected: number;
}

/** What an editor tells its owner. */
export interface EditorEvents {
  changed(): void;
  cursor(place: CursorPlace): void;
  scrolled?(): void;
}

/** One CodeMirror in a host element. */
export class CodeEditor implements TextBuffer {
  #view: EditorView;
  #codec: () => Codec;
  #saved: Text;
  #looks = new Compartment();
  #lock = new Compartment();
  #language = new Compartment();
  /** The first line in view; a hidden editor cannot be asked. */
  #top = 1;

  /** How the text is indented. */
  readonly indent: Indent;

  constructor(host: HTMLElement, source: Source, codec: () => Codec, looks: EditorLooks, events: EditorEvents) {
    this.#codec = codec;
    this.indent = indentOf(source.text);
    const tells = EditorView.updateListener.of((update) => {
      if (update.docChanged) events.changed();
      if (update.docChanged || update.selectionSet) events.cursor(placeOf(update.state));
    });
    const state = EditorState.create({
      doc: source.text,
      extensions: [
        // Only a text of several line breaks must not be split at all of them.
        source.codec.lineBreak === "mixed" ? EditorState.lineSeparator.of("\n") : [],
        indentUnit.of(this.indent.unit),
        EditorState.tabSize.of(this.indent.unit === "\t" ? 4 : 8),
        this.#looks.of(lookOf(looks)),
        this.#lock.of([]),
        this.#language.of([]),
        PARTS,
        tells,
      ],
    });
    this.#saved = state.doc;
    this.#view = new EditorView({ state, parent: host });
    this.#view.scrollDOM.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    if (events.scrolled) this.#view.scrollDOM.addEventListener("scroll", events.scrolled, { passive: true });
    events.cursor(placeOf(state));
  }

  text(): string {
    const { lineBreak } = this.#codec();
    const { doc } = this.#view.state;
    return doc.sliceString(0, doc.length, lineBreak === "mixed" ? "\n" : lineBreak);
  }

  replace(text: string): void {
    const { state } = this.#view;
    const before = state.doc.toString();
    const after = state.toText(text).toString();
    const from = commonStart(before, after);
    const end = commonEnd(before, after, from);
    if (from === before.length && from === after.length) return;
    const scroll = this.#view.scrollSnapshot();
    const to = before.length - end;
    const changes = state.changes({ from, to, insert: state.toText(after.slice(from, after.length - end)) });
    const doc = changes.apply(state.doc);
    // Inside of what was replaced a cursor keeps its line and column.
    const moved = (at: number) => (at > from && at < to ? positionIn(doc, placeIn(state.doc, at)) : changes.mapPos(at));
    const ranges = state.selection.ranges.map((range) => EditorSelection.range(moved(range.anchor), moved(range.head)));
    const selection = EditorSelection.create(ranges, state.selection.mainIndex);
    this.#view.dispatch({ changes, selection, effects: scroll.map(changes) ?? [] });
  }

  markSaved(): void {
    this.#saved = this.#view.state.doc;
  }

  isChanged(): boolean {
    return !this.#view.state.doc.eq(this.#saved);
  }

  lock(isLocked: boolean): void {
    const extension = isLocked ? [EditorState.readOnly.of(true)] : [];
    this.#view.dispatch({ effects: this.#lock.reconfigure(extension) });
  }

  focus(): void {
    this.#view.focus();
  }

  run(command: "search" | "undo" | "redo" | "fold" | "unfold"): void {
    const commands = { search: openSearchPanel, undo, redo, fold: foldAll, unfold: unfoldAll };
    this.#view.focus();
    commands[command](this.#view);
  }

  /** Where its reader stands. */
  viewState(): ViewState {
    const { doc, selection } = this.#view.state;
    return { ...placeIn(doc, selection.main.head), top: this.#top };
  }

  /** Goes to where a reader stood before, as near as the text still has it. */
  restoreView(view: ViewState): void {
    const { doc } = this.#view.state;
    const top = positionIn(doc, { line: view.top, column: 0 });
    this.#top = view.top;
    this.#view.dispatch({
      selection: { anchor: positionIn(doc, view) },
      effects: EditorView.scrollIntoView(top, { y: "start", yMargin: 0 }),
    });
  }

  /** The part that is above the visible one, 0 to 1. */
  scrolledPart(): number {
    const { scrollTop, scrollHeight, clientHeight } = this.#view.scrollDOM;
    return scrollHeight > clientHeight ? scrollTop / (scrollHeight - clientHeight) : 0;
  }

  /** Changes the looks. */
  look(looks: EditorLooks): void {
    this.#view.dispatch({ effects: this.#looks.reconfigure(lookOf(looks)) });
  }

  /** Colours the text, as soon as its language is there. */
  async speak(language: Language | null): Promise<void> {
    const support = (await language?.load().catch(() => null)) ?? [];
    this.#view.dispatch({ effects: this.#language.reconfigure(support) });
  }

  /** Removes it from the page. */
  dispose(): void {
    this.#view.destroy();
  }

  #scrolled(): void {
    const { scrollTop, clientHeight } = this.#view.scrollDOM;
    if (clientHeight === 0) return;
    const first = this.#view.lineBlockAtHeight(scrollTop - this.#view.documentPadding.top);
    this.#top = this.#view.state.doc.lineAt(first.from).number;
  }
}

const PARTS: Extension = [
  // The pane around it has the file's name.
  EditorView.contentAttributes.of({ "aria-label": "Text of the file" }),
  lineNumbers(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  codeFolding(),
  foldGutter(),
  drawSelection(),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  search({ top: true }),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    indentWithTab,
  ]),
];

function lookOf({ isDark, fontSize, isWrapped }: EditorLooks): Extension {
  return [editorTheme(isDark, fontSize), isWrapped ? EditorView.lineWrapping : []];
}

function placeOf(state: EditorState): CursorPlace {
  const { main, ranges } = state.selection;
  const line = state.doc.lineAt(main.head);
  const selected = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  return { line: line.number, column: main.head - line.from + 1, selected };
}

function placeIn(doc: Text, at: number): { line: number; column: number } {
  const line = doc.lineAt(at);
  return { line: line.number, column: at - line.from };
}

function positionIn(doc: Text, place: { line: number; column: number }): number {
  if (place.line > doc.lines) return doc.length;
  const line = doc.line(Math.max(1, place.line));
  return line.from + Math.min(Math.max(0, place.column), line.length);
}

function commonStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

function commonEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let length = 0;
  while (length < most && a.charCodeAt(a.length - 1 - length) === b.charCodeAt(b.length - 1 - length)) length++;
  return length;
}

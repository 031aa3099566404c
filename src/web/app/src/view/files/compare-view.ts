/** Two texts and their differences: CodeMirror's merge view, a chunk of its own. */

import { foldGutter } from "@codemirror/language";
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, highlightSpecialChars, lineNumbers } from "@codemirror/view";
import { editorTheme } from "./editor-theme";
import { languageOf } from "./languages";

/** What both sides look like. */
export interface DifferenceLooks {
  isDark: boolean;
  fontSize: number;
  /** The file's name, for its language. */
  name: string;
}

/** Draws both texts; the disposer removes them. */
export function showDifference(host: HTMLElement, theirs: string, mine: string, looks: DifferenceLooks): () => void {
  let view: MergeView | null = null;
  let isOver = false;
  const draw = (language: Extension) => {
    if (isOver) return;
    const extensions = [
      lineNumbers(),
      foldGutter(),
      highlightSpecialChars(),
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      editorTheme(looks.isDark, looks.fontSize),
      language,
    ];
    view = new MergeView({
      parent: host,
      a: { doc: theirs, extensions },
      b: { doc: mine, extensions },
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
  };
  const language = languageOf(looks.name, mine);
  void (language?.load() ?? Promise.resolve([])).then(draw, () => draw([]));
  return () => {
    isOver = true;
    view?.destroy();
  };
}

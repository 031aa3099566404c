/** The editor's looks: the page's own colours, so that light and dark follow. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const rules = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.controlKeyword, tags.moduleKeyword, tags.definitionKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.unit], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta, tags.documentMeta], color: "var(--code-comment)" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName],
    color: "var(--code-function)",
  },
  { tag: [tags.definition(tags.function(tags.variableName))], color: "var(--code-function)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: "var(--code-type)" },
  { tag: [tags.attributeName, tags.propertyName, tags.labelName], color: "var(--code-property)" },
  { tag: tags.heading, fontWeight: "650", color: "var(--code-type)" },
  { tag: tags.strong, fontWeight: "650" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.escape, color: "var(--code-number)" },
  { tag: tags.inserted, color: "var(--good)" },
  { tag: [tags.deleted, tags.invalid], color: "var(--bad)" },
]);

/** Colours by CSS variables; `isDark` only tells CodeMirror's own parts. */
export function editorTheme(isDark: boolean, fontSize: number): Extension {
  const theme = EditorView.theme(
    {
      "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: `${fontSize}px` },
      "&.cm-focused": { outline: "none" },
      ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overscrollBehavior: "contain" },
      ".cm-content": { padding: "6px 0 40vh", caretColor: "var(--accent)" },
      ".cm-line": { padding: "0 12px 0 6px" },
      ".cm-cursor, .cm-dropCursor": { borderLeft: "2px solid var(--accent)" },
      ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--ink-faint)", border: "none", paddingLeft: "4px" },
      ".cm-lineNumbers .cm-gutterElement": { minWidth: "3ch", padding: "0 2px 0 8px" },
      ".cm-activeLine": { backgroundColor: "var(--code-line)" },
      ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
      ".cm-foldGutter .cm-gutterElement": { padding: "0 4px", cursor: "pointer" },
      ".cm-foldPlaceholder": {
        backgroundColor: "var(--sunken)",
        border: "1px solid var(--line)",
        color: "var(--ink-soft)",
        padding: "0 6px",
      },
      "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
        backgroundColor: "var(--code-selection)",
      },
      ".cm-selectionMatch": { backgroundColor: "var(--code-match)" },
      ".cm-searchMatch": { backgroundColor: "var(--code-match)", outline: "1px solid var(--line-strong)" },
      ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "var(--code-found)" },
      "&.cm-focused .cm-matchingBracket": {
        backgroundColor: "var(--accent-wash)",
        outline: "1px solid var(--line-strong)",
      },
      "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--bad)" },
      ".cm-specialChar": { color: "var(--bad)" },
      ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", fontFamily: "var(--sans)" },
      ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
      ".cm-tooltip": { backgroundColor: "var(--raised)", border: "1px solid var(--line)" },
    },
    { dark: isDark },
  );
  return [theme, syntaxHighlighting(rules)];
}

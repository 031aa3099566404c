/**
 * Markdown to a tree of elements; a chunk of its own.
 *
 * HTML in the source stays text. Links open elsewhere and only lead to the
 * web; a picture keeps its place in `data-place` and gets its address later,
 * so that nothing is ever fetched from another machine.
 */

import MarkdownIt from "markdown-it";

const parser = new MarkdownIt({ html: false, linkify: true, typographer: false });

/** Renders a text. */
export function render(text: string): DocumentFragment {
  const parsed = new DOMParser().parseFromString(parser.render(text), "text/html");
  for (const link of parsed.querySelectorAll("a")) tame(link);
  for (const item of parsed.querySelectorAll("li")) task(item);
  const fragment = document.createDocumentFragment();
  fragment.append(...parsed.body.childNodes);
  return fragment;
}

// No picture has an address yet.
parser.renderer.rules["image"] = (tokens, at) => {
  const token = tokens[at];
  const escape = parser.utils.escapeHtml;
  const source = String(token?.attrGet("src") ?? "");
  const label = escape(token?.content ?? "");
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(source))
    return `<span class="far-picture" title="${escape(source)}">${label || "picture"}</span>`;
  return `<img alt="${label}" data-place="${escape(decode(source))}">`;
};

function tame(link: HTMLAnchorElement): void {
  const goal = link.getAttribute("href") ?? "";
  if (/^https?:\/\//i.test(goal)) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  } else if (!goal.startsWith("#")) link.removeAttribute("href");
}

/** `[x]` at the start of a list item is a box. */
function task(item: HTMLLIElement): void {
  const first = item.querySelector(":scope > p")?.firstChild ?? item.firstChild;
  const mark = first?.nodeType === Node.TEXT_NODE ? /^\[([ xX])\]\s/.exec(first.nodeValue ?? "") : null;
  if (!first || !mark) return;
  first.nodeValue = (first.nodeValue ?? "").slice(mark[0].length);
  const box = document.createElement("input");
  box.type = "checkbox";
  box.disabled = true;
  box.toggleAttribute("checked", mark[1] !== " ");
  first.parentNode?.insertBefore(box, first);
  item.classList.add("task");
}

function decode(source: string): string {
  try {
    return decodeURI(source);
  } catch {
    return source;
  }
}

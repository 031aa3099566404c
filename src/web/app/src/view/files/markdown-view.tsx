/** Markdown as it reads, beside its source. */

import { useEffect, useRef } from "preact/hooks";
import type { OpenFile } from "../../actions/files/document";
import { parent, resolved } from "../../model/files/paths";
import { ticket } from "../../net/files/http";
import type { CodeEditor } from "./editor";

/** A pause in typing after which it is rendered again, in milliseconds. */
const PAUSE_MS = 150;

interface MarkdownViewProps {
  file: OpenFile;
  editor: CodeEditor;
  /** Counts the edits, so that each renders again. */
  edits: number;
  isShown: boolean;
}

/** Renders what is in the editor now. */
export function MarkdownView({ file, editor, edits, isShown }: MarkdownViewProps) {
  const host = useRef<HTMLDivElement>(null);
  const pictures = useRef(new Map<string, Promise<string>>());
  useEffect(() => {
    let isOver = false;
    const draw = async () => {
      const { render } = await import("./markdown");
      const box = host.current;
      if (isOver || !box) return;
      box.replaceChildren(render(editor.text()));
      for (const image of box.querySelectorAll("img")) void fetchPicture(image, file, pictures.current);
    };
    const timer = setTimeout(() => void draw(), edits === 0 ? 0 : PAUSE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [edits, file.version.value, isShown]);
  return <div class="markdown" ref={host} aria-label="Rendered" tabIndex={0} />;
}

/** A picture's own address is a path beside the file; one elsewhere is not fetched. */
async function fetchPicture(
  image: HTMLImageElement,
  file: OpenFile,
  known: Map<string, Promise<string>>,
): Promise<void> {
  const place = image.dataset["place"];
  if (place === undefined) return;
  const path = resolved(place, parent(file.path.value));
  let address = known.get(path);
  if (!address) {
    address = ticket(path, "preview");
    known.set(path, address);
  }
  try {
    image.src = await address;
  } catch {
    known.delete(path);
    image.classList.add("missing");
  }
}

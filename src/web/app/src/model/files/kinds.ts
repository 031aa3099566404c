/** Which view a file opens in, told by its name. */

import { extension } from "./paths";

/** What a file is shown as before its bytes are looked at. */
export type Preview = "image" | "pdf" | "audio" | "video" | "text";

/** A larger text is paged, not edited, in bytes. */
export const LARGEST_TEXT_BYTES = 20_000_000;

const ENDINGS: Record<Exclude<Preview, "text">, string> = {
  image: "png jpg jpeg gif webp avif bmp ico svg apng",
  pdf: "pdf",
  audio: "mp3 wav ogg oga flac m4a aac opus",
  video: "mp4 webm mov m4v ogv mkv",
};

const BY_ENDING = new Map<string, Preview>(
  Object.entries(ENDINGS).flatMap(([preview, endings]) =>
    endings.split(" ").map((ending) => [ending, preview as Preview] as const),
  ),
);

/** The view for a name. */
export function previewFor(name: string): Preview {
  return BY_ENDING.get(extension(name)) ?? "text";
}

/** Whether a name is that of a Markdown file. */
export function isMarkdown(name: string): boolean {
  return /^(?:md|markdown|mdown|mkd)$/.test(extension(name));
}

/** Whether a file of this preview is text as well: an SVG has a source. */
export function hasSource(name: string): boolean {
  return previewFor(name) === "text" || extension(name) === "svg";
}

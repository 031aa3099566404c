/** The files and folders of a drop or a picker, with their places in it. */

/** A file of this computer and where it belongs, relative: `photos/2024/a.jpg`. */
export interface Dropped {
  file: File;
  place: string;
}

/** Everything that was dropped. */
export interface Drop {
  files: Dropped[];
  /** Folders, so that empty ones are made too. */
  folders: string[];
}

/** Reads a drop; must be called in its event, before anything is awaited. */
export async function readDrop(transfer: DataTransfer): Promise<Drop> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry?.() ?? null)
    .filter((entry) => entry !== null);
  const drop: Drop = { files: [], folders: [] };
  if (entries.length === 0) return fromFiles(transfer.files);
  for (const entry of entries) await walk(entry, "", drop);
  return drop;
}

/** Takes what a picker of files or of a folder gave. */
export function fromFiles(files: FileList): Drop {
  const all = [...files].map((file) => ({ file, place: file.webkitRelativePath || file.name }));
  return { files: all, folders: [] };
}

async function walk(entry: FileSystemEntry, above: string, drop: Drop): Promise<void> {
  const place = above === "" ? entry.name : `${above}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    drop.files.push({ file, place });
    return;
  }
  drop.folders.push(place);
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and an empty array at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) await walk(inner, place, drop);
  }
}

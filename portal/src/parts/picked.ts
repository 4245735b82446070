/** A file that someone chose, with the folder it came from ("" when chosen by itself). */
export type Picked = { readonly file: File; readonly folder: string };

const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/");

/** Files from a file or folder chooser. */
export function fromChooser(files: Iterable<File>): Picked[] {
  return Array.from(files, file => ({ file, folder: folderOf(file.webkitRelativePath) }));
}

/**
 * Everything that was dropped, folders opened to their last level.
 * Call it in the drop event itself: the browser empties the list as soon as that event is over.
 */
export function fromDrop(transfer: DataTransfer): Promise<Picked[]> {
  const items = Array.from(transfer.items).filter(item => item.kind === "file");
  const entries = items.map(item => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return Promise.all(entries.map(entry => (entry ? walk(entry, "") : []))).then(found => found.flat());
}

async function walk(entry: FileSystemEntry | File, folder: string): Promise<Picked[]> {
  if (entry instanceof File) return [{ file: entry, folder }];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, folder }];
  }
  const inside = folder ? `${folder}/${entry.name}` : entry.name;
  const found: Picked[] = [];
  // One after another: a folder of ten thousand files must not open them all at once.
  for (const child of await children(entry as FileSystemDirectoryEntry)) found.push(...(await walk(child, inside)));
  return found;
}

async function children(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A reader hands out about a hundred entries at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

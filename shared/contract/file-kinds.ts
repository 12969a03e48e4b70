// Kinds of files that a page may ask a person to choose, and how their names end: in the system's dialog and in the page's own picker.

export const fileKinds = ['csv', 'weights', 'archive'] as const;
export type FileKind = (typeof fileKinds)[number];

/** Lower case, without the dot. */
export const fileEndings: Readonly<Record<FileKind, readonly string[]>> = {
  csv: ['csv', 'txt'],
  weights: ['pth', 'pt', 'tar', 'safetensors', 'bin', 'ckpt'],
  archive: ['gz', 'tgz', 'zip'],
};

/** Whether a name or path ends like a file of that kind. */
export const isOfKind = (name: string, kind: FileKind): boolean =>
  fileEndings[kind].some((ending) => name.toLowerCase().endsWith(`.${ending}`));

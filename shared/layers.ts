// Which folder may import which: the plan of the house as data. `layers.test.ts` rejects any other import and any cycle.

/** Folder of the repository → the folders its files may import besides themselves. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  'src-main/tensor': ['shared'],
  'src-main/runtime': ['shared', 'src-main/tensor'],
  'src-main/jepa': ['shared', 'src-main/tensor'],
  'src-main/files': ['shared'],
  'src-main/formats': ['shared', 'src-main/files'],
  'src-main/weights': ['shared', 'src-main/files', 'src-main/formats', 'src-main/jepa'],
  'src-main/images': ['shared', 'src-main/files'],
  'src-main/library': ['shared', 'src-main/files', 'src-main/images'],
  'src-main/evaluation': ['shared'],
  'src-main/retrieval': ['shared', 'src-main/files', 'src-main/evaluation', 'src-main/formats'],
  'src-main/training': [
    'shared',
    'src-main/files',
    'src-main/tensor',
    'src-main/runtime',
    'src-main/jepa',
    'src-main/formats',
    'src-main/images',
    'src-main/evaluation',
  ],
  'src-main/trainer': [
    'shared',
    'src-main/files',
    'src-main/tensor',
    'src-main/runtime',
    'src-main/jepa',
    'src-main/training',
    'src-main/images',
    'src-main/formats',
    'src-main/evaluation',
    'src-main/retrieval',
  ],
  'src-main/engine': [
    'shared',
    'src-main/files',
    'src-main/library',
    'src-main/images',
    'src-main/trainer',
    'src-main/training',
    'src-main/jepa',
    'src-main/evaluation',
    'src-main/retrieval',
    'src-main/formats',
    'src-main/weights',
  ],
  'src-main/cli': ['shared', 'src-main/engine'],
};

/** Packages that only these folders may load: the reason is in DESIGN.md (crashes and blocking calls stay in their process). */
export const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['src-main/runtime'],
  sharp: ['src-main/images'],
  'heic-decode': ['src-main/images'],
  'better-sqlite3': ['src-main/library'],
  commander: ['src-main/cli'],
  hyparquet: ['src-main/formats'],
  'hyparquet-writer': ['src-main/formats'],
};

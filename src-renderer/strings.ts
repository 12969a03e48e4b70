// Every English sentence of the page, by view. Each view keeps its own in `strings/`; this file only gathers them.
import { common } from './strings/common.ts';
import { explore } from './strings/explore.ts';
import { masks } from './strings/masks.ts';
import { exporting } from './strings/export.ts';
import { library } from './strings/library.ts';
import { preferences } from './strings/preferences.ts';
import { shell } from './strings/shell.ts';
import { train } from './strings/train.ts';
import { welcome } from './strings/welcome.ts';

export const strings = { common, explore, exporting, library, masks, preferences, shell, welcome, train } as const;

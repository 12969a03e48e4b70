// Every English sentence of the page, by view. Each view keeps its own in `strings/`; this file only gathers them.
import { common } from './common.ts';
import { duplicates } from './duplicates.ts';
import { explore } from './explore.ts';
import { exporting } from './export.ts';
import { library } from './library.ts';
import { map } from './map.ts';
import { masks } from './masks.ts';
import { preferences } from './preferences.ts';
import { shell } from './shell.ts';
import { train } from './train.ts';
import { welcome } from './welcome.ts';

export const strings = { common, duplicates, explore, exporting, library, map, masks, preferences, shell, welcome, train } as const;

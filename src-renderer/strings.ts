// Every English sentence of the page, by view. Each view keeps its own in `strings/`; this file only gathers them.
import { common } from './strings/common.ts';
import { explore } from './strings/explore.ts';
import { masks } from './strings/masks.ts';
import { shell } from './strings/shell.ts';

export const strings = { common, explore, masks, shell } as const;

// Where the exported images lie on a map of the folder, for programs that show one: the map that was drawn last, of the space of the export
// or else of another one.
import { createHash } from 'node:crypto';
import { spaceKinds } from '../../evaluation/spaces.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import type { DrawMapOptions } from '../../retrieval/map/draw-map.ts';
import { keptMap, placesOf } from '../../retrieval/map/kept-maps.ts';
import type { Studio } from '../studio.ts';
import { folderMap, wholeMap } from '../vectors/folder-map.ts';
import type { MapSetup } from '../vectors/folder-map.ts';

/** What a manifest says of the map. */
export interface Projection {
  /** In which likeness was measured. */
  readonly space: SpaceKind;
  readonly method: 'umap';
  /** Hash over the places of the rows: another map is another export. */
  readonly placesHash: string;
}

export interface ExportedPlaces {
  readonly projection: Projection;
  /** Rows that are not on it: they were added since it was drawn. */
  readonly missing: number;
  /** Of a row of the export. */
  readonly of: (row: number) => readonly [x: number, y: number] | undefined;
}

/** That of the export first, then as they are worth most. */
const spacesFor = (space: SpaceKind): readonly SpaceKind[] => [space, ...spaceKinds.toReversed().filter((other) => other !== space)];

/** The places of `rows` of the store at `folder`, ascending; undefined where no map was drawn. */
export function* exportedPlaces(folder: string, space: SpaceKind, rows: Uint32Array): Pieces<ExportedPlaces | undefined> {
  for (const kind of spacesFor(space)) {
    const map = yield* keptMap(folder, kind, rows);
    if (!map) continue;
    const places = placesOf(map, rows);
    let missing = 0;
    for (let row = 0; row < rows.length; row++) if (Number.isNaN(places[2 * row])) missing++;
    const placesHash = createHash('sha256').update(new Uint8Array(places.buffer)).digest('hex');
    return {
      projection: { space: kind, method: 'umap', placesHash },
      missing,
      of: (row) => (Number.isNaN(places[2 * row]) ? undefined : [places[2 * row]!, places[2 * row + 1]!]),
    };
  }
  return undefined;
}

/**
 * Sees to it that an export has a place for each image: draws the map that it would have again where images are missing on it, and a new one
 * where there is none, of the space of the export, or of the whitened one for vectors as they are. Returns how many images are on it where it
 * was drawn now. Rejects as `wholeMap`.
 */
export async function drawForExport(studio: Studio, setup: MapSetup, options: DrawMapOptions): Promise<number | undefined> {
  let space: SpaceKind = setup.space === 'raw' ? 'whitened' : setup.space;
  for (const kind of spacesFor(setup.space)) {
    const map = await folderMap(studio, { ...setup, space: kind });
    if (!map) continue;
    space = kind;
    break;
  }
  const { map, isNew } = await wholeMap(studio, { ...setup, space }, options);
  return isNew ? map.images.length : undefined;
}

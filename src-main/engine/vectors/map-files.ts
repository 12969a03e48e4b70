// A folder's map outside of the app: its places as a table, and the map as a picture.
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { labelColour } from '../../../shared/map/map-colours.ts';
import type { Rgb } from '../../../shared/map/map-colours.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import { floatText } from '../../formats/vector-sink.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { mapSheet } from '../../images/map-sheet.ts';
import type { MapSheet } from '../../images/map-sheet.ts';
import { csvLine } from '../../library/csv.ts';
import { displayName } from '../../library/file-names.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { Studio } from '../studio.ts';
import { mapTableColumns, requireMapSheetTarget, requireMapTableTarget } from '../write-target.ts';
import type { FolderMap } from './folder-map.ts';
import { pictureOfFile } from './sheet.ts';

type Placed = Pick<FolderMap, 'images' | 'places'>;

/** Rejects with `bad-input`, `not-found`, `not-writable` where no such file may be written: ask before the work for it begins. */
export async function checkMapTargets(
  { originals }: Studio,
  { table, sheet }: { readonly table: string | undefined; readonly sheet: string | undefined },
): Promise<void> {
  if (table !== undefined) await requireMapTableTarget(table, originals);
  if (sheet !== undefined) await requireMapSheetTarget(sheet, originals);
}

/** Writes the places as CSV (RFC 4180; `filepath,label,x,y`), in the order of the images. Throws as `checkMapTargets`, and `disk-full`. */
export async function writeMapTable(studio: Studio, { images, places }: Placed, path: string): Promise<void> {
  await requireMapTableTarget(path, studio.originals);
  const lines = images.map(({ path: file, label }, i) =>
    csvLine([displayName(file), label === undefined ? '' : displayName(label), floatText(places[2 * i]!), floatText(places[2 * i + 1]!)]),
  );
  try {
    writeFileAside(path, [csvLine(mapTableColumns), ...lines].join(''));
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** Of images without a label. */
const unlabelled: Rgb = [120, 120, 120];

/** Labels that are told below a map. */
const mostTold = 24;

/** The colours that the app gives to labels, in the same order, and what they mean: of many labels those of the most images. */
function coloursOf(images: FolderMap['images']): Pick<MapSheet, 'colourOf' | 'legend'> {
  const named = images.map(({ label }) => (label === undefined ? undefined : displayName(label)));
  const counts = new Map<string, number>();
  for (const label of named) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = [...counts.keys()].toSorted((a, b) => a.localeCompare(b, 'en'));
  const colours = new Map(labels.map((label, n) => [label, labelColour(n, false)]));
  const told = new Set(labels.toSorted((a, b) => counts.get(b)! - counts.get(a)!).slice(0, mostTold));
  const lines = labels.filter((label) => told.has(label)).map((label) => ({ text: label, colour: colours.get(label) }));
  const isWithout = labels.length > 0 && named.includes(undefined);
  return {
    colourOf: (i) => colours.get(named[i] ?? '') ?? unlabelled,
    legend: [
      ...lines,
      ...(isWithout ? [{ text: 'no label', colour: unlabelled }] : []),
      ...(labels.length > told.size
        ? [{ text: `and ${(labels.length - told.size).toLocaleString('en-US')} more labels`, colour: undefined }]
        : []),
    ],
  };
}

/** The decode cache of a checkpoint's pictures; undefined where it was cleared. */
function cacheOf(studio: Studio, checkpoint: string): DecodeCache | undefined {
  const { config } = readCheckpointHeader(checkpoint);
  try {
    return new DecodeCache(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)), { access: 'read' });
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/**
 * Draws the map as a PNG, with pictures from the decode cache, else from the originals. Returns how many images are on it as pictures, and how
 * many of those that were to be cannot be read any more. Throws as `checkMapTargets`, and `disk-full`.
 */
export async function drawMapSheet(
  studio: Studio,
  checkpoint: string,
  { images, places }: Placed,
  path: string,
): Promise<{ readonly pictures: number; readonly unread: number }> {
  await requireMapSheetTarget(path, studio.originals);
  const cache = cacheOf(studio, checkpoint);
  try {
    return await mapSheet(
      {
        places,
        numbers: images.map(({ hash }) => Number.parseInt(hash.slice(0, 7), 16)),
        ...coloursOf(images),
        pictureOf: async (i) => (await cache?.get(images[i]!.hash)) ?? pictureOfFile(studio, checkpoint, images[i]!.path),
      },
      path,
    );
  } finally {
    cache?.dispose();
  }
}

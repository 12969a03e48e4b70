// Real pictures for a first try: emoji of an npm package under a free licence (emoji-datasource-google, Apache-2.0 artwork),
// laid out as folders by category. Nothing of them is part of this repository.
import { constants } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { Random } from '../../../shared/random.ts';

interface Emoji {
  readonly image: string;
  readonly category: string;
  readonly has_img_google: boolean;
  readonly skin_variations?: Readonly<Record<string, { readonly image: string; readonly has_img_google: boolean }>>;
}

const source = 'emoji-datasource-google';

/** Categories with fewer pictures would be noise; skin tones are left out, as near copies would flatter every method. */
const fewest = 60;

/**
 * Copies up to `count` pictures to `folder/<category>/`; those that are there stay. Returns how many there are. Throws `not-found` without
 * the package; ends early after `signal`.
 */
export async function copySampleImages(folder: string, count: number, signal?: AbortSignal): Promise<number> {
  const require = createRequire(import.meta.url);
  let root: string;
  try {
    root = dirname(require.resolve(`${source}/package.json`));
  } catch (error) {
    throw new AppError(
      'not-found',
      `The sample pictures (npm package ${source}) are not installed.`,
      'Run npm ci again, or train on a folder of your own.',
      error,
    );
  }
  const emoji = (JSON.parse(await readFile(join(root, 'emoji.json'), 'utf8')) as Emoji[]).filter((one) => one.has_img_google);
  const sizes = new Map<string, number>();
  for (const { category } of emoji) sizes.set(category, (sizes.get(category) ?? 0) + 1);
  const usable = emoji.filter(({ category }) => sizes.get(category)! >= fewest);
  const order = new Random(1, 'shuffle').permutation(usable.length).subarray(0, count);
  for (const place of order) {
    if (signal?.aborted === true) break;
    const { image, category } = usable[place]!;
    const target = join(folder, category.replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase());
    await mkdir(target, { recursive: true });
    await copyFile(join(root, 'img', 'google', '64', image), join(target, image), constants.COPYFILE_EXCL).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
  return order.length;
}

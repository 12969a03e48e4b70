// A part of a picture as a query: cut out in the page and handed over as a picture from outside.
import { AppError } from '../../shared/errors.ts';
import { pixelsOf } from '../components/region.ts';
import type { Region } from '../components/region.ts';
import { baseName } from '../strings/format.ts';
import { strings } from '../strings/strings.ts';
import type { Studio } from './studio.svelte.ts';

const words = strings.common.region;

/** The part as a file of its own, PNG. Throws `bad-file` where the browser cannot cut it. */
async function cut(picture: HTMLImageElement, region: Region, name: string): Promise<File> {
  const { left, top, width, height } = pixelsOf(region, picture.naturalWidth, picture.naturalHeight);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')!.drawImage(picture, left, top, width, height, 0, 0, width, height);
  const part = await canvas.convertToBlob({ type: 'image/png' }).catch((error: unknown) => {
    throw new AppError('bad-file', words.failed, words.failedHint, error);
  });
  return new File([part], `${words.partOf(baseName(name))}.png`, { type: 'image/png' });
}

/** Looks for pictures like a part of one; an error is said. Whether Explore was opened. */
export async function lookForPart(
  { dropped, router, notices }: Pick<Studio, 'dropped' | 'router' | 'notices'>,
  picture: HTMLImageElement,
  region: Region,
  name: string,
): Promise<boolean> {
  try {
    dropped.add([await cut(picture, region, name)]);
  } catch (error) {
    notices.fail(error);
    return false;
  }
  if (router.view !== 'explore') router.go('explore');
  return true;
}

// Pictures are addresses relative to the page, the same in every face: `thumbnail/<image>?side=128` and `picture/<image>`. Only numbers
// are taken from the address and the engine looks them up: nothing in a request can name a file.
import type { Picture } from '../../shared/contract/contract-library.ts';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';

export interface PictureAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type PictureRequest =
  | { readonly kind: 'thumbnail'; readonly image: number; readonly side: 64 | 128 | 256 | 512 }
  | { readonly kind: 'picture'; readonly image: number };

const sides = { '64': 64, '128': 128, '256': 256, '512': 512 } as const;
/** What the engine may call a picture; anything else would be a page of its own. */
const pictureTypes = new Set(['image/webp', 'image/jpeg', 'image/png', 'image/avif']);

/** The picture that a path with its query (`/thumbnail/7?side=256`) asks for; nothing for any other address. */
export function parsePictureRequest(address: string): PictureRequest | undefined {
  const match = /^\/(?:thumbnail\/([1-9]\d{0,9})(?:\?side=(64|128|256|512))?|picture\/([1-9]\d{0,9}))$/.exec(address);
  if (!match) return undefined;
  const image = Number(match[1] ?? match[3]);
  if (image > 2 ** 31 - 1) return undefined;
  return match[3] === undefined
    ? { kind: 'thumbnail', image, side: sides[(match[2] ?? '128') as keyof typeof sides] }
    : { kind: 'picture', image };
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  'bad-input': 400,
  'not-allowed': 403,
  'not-found': 404,
  'bad-file': 422,
  'unsafe-file': 422,
  unsupported: 422,
  'decoder-crashed': 422,
  'engine-crashed': 503,
};

const text = (status: number, words: string): PictureAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: new TextEncoder().encode(words),
});

function answer(picture: Picture, known: string | undefined): PictureAnswer {
  if (!pictureTypes.has(picture.type)) return text(500, `A picture of type ${picture.type} is not shown.`);
  const etag = `"${picture.tag.replace(/[^\w.-]/g, '_')}"`;
  // Kept for the ten seconds of a scroll to and fro; later the tag says whether the file has changed.
  const headers = { etag, 'cache-control': 'private, max-age=10' };
  const matches = known?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
  if (matches) return { status: 304, headers, body: new Uint8Array() };
  return {
    status: 200,
    headers: { ...headers, 'content-type': picture.type, 'content-length': String(picture.bytes.byteLength) },
    body: picture.bytes,
  };
}

/** Asks the engine; `known` is the request's If-None-Match. Never rejects: errors are answers, with their sentence as text. */
export async function answerPicture(
  client: RpcClient<AppContract>,
  request: PictureRequest,
  known: string | undefined,
  signal: AbortSignal,
): Promise<PictureAnswer> {
  const { image } = request;
  try {
    const picture =
      request.kind === 'thumbnail'
        ? await client.call('library.thumbnail', { image, side: request.side }, { signal })
        : await client.call('library.picture', { image }, { signal });
    return answer(picture, known);
  } catch (error) {
    if (error instanceof AppError) return text(statuses[error.code] ?? 500, `${error.message} ${error.hint}`);
    throw error;
  }
}

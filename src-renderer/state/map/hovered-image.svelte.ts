// The image under the pointer: its name and label are asked for once it rests there.
import type { ImageDetails } from '../../../shared/contract/contract-library.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { strings } from '../../strings/strings.ts';

export type HoveredDetails = Pick<ImageDetails, 'path' | 'label' | 'width' | 'height'>;

/** A pointer that only crosses an image asks for nothing. */
const restMilliseconds = 60;
const mostKept = 500;

export class HoveredImage {
  readonly #client: Pick<RpcClient<AppContract>, 'call'>;
  readonly #known = new Map<number, HoveredDetails>();
  #image = $state.raw<number | undefined>(undefined);
  #at = $state.raw({ x: 0, y: 0 });
  #isMiddle = $state.raw(false);
  #details = $state.raw<HoveredDetails | undefined>(undefined);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Pick<RpcClient<AppContract>, 'call'>) {
    this.#client = client;
  }

  get image(): number | undefined {
    return this.#image;
  }
  /** Where it is, CSS pixels. */
  get at(): { readonly x: number; readonly y: number } {
    return this.#at;
  }
  /** Chosen by keys, not by a pointer. */
  get isMiddle(): boolean {
    return this.#isMiddle;
  }
  /** `undefined` until they are known. */
  get details(): HoveredDetails | undefined {
    return this.#details;
  }

  follow(image: number | undefined, at: { readonly x: number; readonly y: number }, isMiddle = false): void {
    this.#at = at;
    this.#isMiddle = isMiddle;
    if (image === this.#image) return;
    clearTimeout(this.#timer);
    this.#image = image;
    this.#details = image === undefined ? undefined : this.#known.get(image);
    if (image !== undefined && !this.#details) this.#timer = setTimeout(() => void this.#ask(image), restMilliseconds);
  }

  forget(): void {
    this.follow(undefined, this.#at);
  }

  /** As a preview says it. */
  captionOf(image: number): { readonly name: string; readonly facts: string } {
    const known = this.#known.get(image);
    if (!known) return { name: strings.explore.imageNumber(image), facts: '' };
    return { name: known.path, facts: [known.label, `${known.width} × ${known.height}`].filter(Boolean).join(' · ') };
  }

  /** What cannot be told is not shown: the next image is asked for all the same. */
  async #ask(image: number): Promise<void> {
    const details = await this.#client.call('library.details', { image }).catch(() => undefined);
    if (!details) return;
    if (this.#known.size >= mostKept) this.#known.clear();
    this.#known.set(image, details);
    if (this.#image === image) this.#details = details;
  }
}

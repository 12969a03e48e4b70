// What the encoder sees in one picture: asked for only while it is looked at, since the first answer takes seconds.
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { FeatureView, QueryImage } from '../../../shared/contract/contract-explore.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import type { Query } from './explore-query.ts';
import type { SourceKey } from './explore-sources.ts';

export type FeatureQuestion = InputOf<AppContract['explore.features']>;

/** The picture to look at: the one that is selected, where it is one alone, else the first that is looked for. */
export function pictureInSight(selected: ReadonlySet<number>, { plus }: Query): QueryImage | undefined {
  const [image] = selected;
  return selected.size === 1 && image !== undefined ? { image } : plus[0];
}

/** None where a picture, vectors or the folder are not known: the encoder is the one that the vectors are of. */
export const questionOf = (
  image: QueryImage | undefined,
  source: SourceKey | undefined,
  folder: { readonly id: number } | undefined,
): FeatureQuestion | undefined => image && source && folder && { folder: folder.id, run: source.run, step: source.step, image };

export class FeatureLook {
  readonly #client: RpcClient<AppContract>;
  #asked = '';
  #latest: FeatureQuestion | undefined;
  #controller: AbortController | undefined;
  #view = $state.raw<FeatureView | undefined>(undefined);
  #error = $state.raw<unknown>(undefined);
  #busy = $state.raw(false);

  constructor(client: RpcClient<AppContract>) {
    this.#client = client;
  }

  /** Of the picture asked for last, and of no other. */
  get view(): FeatureView | undefined {
    return this.#view;
  }
  get error(): unknown {
    return this.#error;
  }
  get busy(): boolean {
    return this.#busy;
  }

  /** Asks what is to be shown, unless it was asked already; nothing to ask clears it. */
  follow(question: FeatureQuestion | undefined): void {
    const asked = question ? JSON.stringify(question) : '';
    if (asked === this.#asked) return;
    this.#controller?.abort();
    this.#controller = undefined;
    this.#asked = asked;
    this.#latest = question;
    this.#view = undefined;
    this.#error = undefined;
    this.#busy = question !== undefined;
    if (question) void this.#ask(question);
  }

  retry(): void {
    this.#asked = '';
    this.follow(this.#latest);
  }

  async #ask(question: FeatureQuestion): Promise<void> {
    const own = (this.#controller = new AbortController());
    try {
      const view = await this.#client.call('explore.features', question, { signal: own.signal });
      if (own !== this.#controller) return;
      this.#view = view;
    } catch (error) {
      if (own !== this.#controller) return;
      this.#error = error;
    }
    this.#busy = false;
  }
}

// What was chosen for an export: kept while other views are shown.
import type { ExportFormat } from '../../../shared/contract/contract-explore.ts';
import type { Layer, Space } from '../../../shared/contract/contract-values.ts';

export interface Choices {
  /** The newest that has an encoder otherwise. */
  readonly run: string | undefined;
  readonly checkpoint: string;
  readonly layer: Layer;
  readonly space: Space;
  readonly formats: readonly ExportFormat[];
  readonly vectorColumn: string;
  readonly neighbours: number;
  /** As typed or chosen; the engine's suggestion otherwise. */
  readonly target: string | undefined;
}

/** An export that was started from this page. */
export interface StartedExport {
  readonly job: number;
  readonly target: string;
}

export class ExportChoices {
  #choices = $state.raw<Choices>({
    run: undefined,
    checkpoint: 'best',
    layer: 'last',
    space: 'raw',
    formats: ['parquet'],
    vectorColumn: 'embedding',
    neighbours: 0,
    target: undefined,
  });
  #started = $state.raw<StartedExport | undefined>(undefined);

  get choices(): Choices {
    return this.#choices;
  }
  get started(): StartedExport | undefined {
    return this.#started;
  }

  set(choices: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...choices };
  }

  begin(started: StartedExport | undefined): void {
    this.#started = started;
  }
}

// Whose vectors a store holds that a test fills itself.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { decodingVersion } from '../../images/cache-space.ts';
import type { EmbeddingIdentity } from '../../retrieval/embedding-identity.ts';
import { weightsHash } from '../vectors/embeddings.ts';

/** Of the last layer of a checkpoint at step 0. */
export const embeddingIdentity = async (
  runId: string,
  checkpoint: string,
  config: TrainConfig,
  dimension: number,
): Promise<EmbeddingIdentity> => ({
  runId,
  step: 0,
  weightsHash: await weightsHash(checkpoint),
  layer: 'last',
  pooling: 'mean',
  preprocessing: preprocessingOf(config),
  decoding: decodingVersion,
  dimension,
});

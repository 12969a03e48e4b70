// What a run will use, in lines: what was given and what was chosen for the folder alike.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { maskedOneIn, smallSteps } from '../../shared/config/config.ts';
import type { RunPlan } from '../../shared/contract/contract-runs.ts';
import { formatRoughly } from '../../shared/duration.ts';
import { namedParts } from '../../shared/memory-parts.ts';
import type { MemoryParts } from '../../shared/memory-parts.ts';
import type { RunSizes } from '../../shared/train-events.ts';
import { checkpointSize } from '../engine/app/runs/run-plan.ts';
import { inFlags } from './config-flags.ts';
import { count, megabytes, plural } from './output.ts';

const millions = (parameters: number): string =>
  parameters < 1e5 ? `${count(parameters)} parameters` : `${(parameters / 1e6).toFixed(1)} M parameters`;

/** Passes over the images, as a person counts them. */
const epochs = (plan: RunPlan): string => {
  const passes = (plan.steps * plan.config.batchSize) / plan.images;
  return passes < 100 ? passes.toFixed(1) : count(Math.round(passes));
};

/** What is known of the time before a step of the run was made. */
function timeText({ time, steps }: RunPlan): string {
  if (!time) return 'not known: nothing was timed on this computer yet';
  const total = formatRoughly(steps * time.secondsPerStep);
  if (time.atMost) return `${total} on the processor; a card may be faster`;
  return time.timed
    ? `${total}, measured with steps of these sizes`
    : `${total}, estimated from steps of other sizes: could be half or twice that`;
}

/** Which patches the encoder sees, and of what crops. */
export function patchesText(
  config: TrainConfig,
  { contextTokens, tokens }: Pick<RunSizes, 'contextTokens' | 'tokens'>,
  steps: number,
): string {
  const small = smallSteps(config, steps);
  const oneIn = maskedOneIn(config);
  const some = `${count(contextTokens)} of ${plural(tokens, 'patch', 'patches')} seen`;
  const seen = oneIn === 1 ? some : oneIn === Infinity ? `all ${count(tokens)} patches seen` : `${some} in one crop of ${oneIn}, else all`;
  return small > 0 ? `${seen}; before that ${plural(small, 'step')} of ${config.imageSize / 2} px crops with nothing hidden` : seen;
}

/** What memory is made of, under its sum. */
const partLines = (parts: MemoryParts): string[] =>
  namedParts(parts).map(({ name, bytes }) => `              ${name.padEnd(28)}${megabytes(bytes)}`);

export function planLines(plan: RunPlan): string[] {
  const { config, sizes, steps, images, card, warnings } = plan;
  const name = config.architecture === 'custom' ? '' : `${config.architecture}: `;
  const crops = config.agreement > 0 ? `, ${config.crops} crops of each` : '';
  const kept = Math.min(config.keepCheckpoints + 1, steps);
  return [
    `  Input       ${config.imageSize}×${config.imageSize} px in ${count(sizes.tokens)} patches of ${config.patchSize} px, ${patchesText(config, sizes, steps)}`,
    `  Encoder     ${name}${config.width} wide × ${config.depth} deep, ${millions(sizes.encoderParameters)}`,
    `  Predictor   ${config.predictorWidth} wide × ${config.predictorDepth} deep, ${millions(sizes.predictorParameters)}`,
    `  Training    ${plural(steps, 'step')} of ${plural(config.batchSize, 'image')}${crops}: ${epochs(plan)} epochs of ${plural(images, 'image')}, learning rate up to ${config.learningRate}`,
    `  Checkpoints ${megabytes(checkpointSize(sizes))} each, up to ${plural(kept, 'of them is', 'of them are')} kept`,
    `  Memory      about ${megabytes(plan.memoryBytes)} on the processor, ${megabytes(plan.memoryFree)} are free`,
    ...partLines(plan.memoryParts),
    `  Trains on   ${inFlags(plan.device)}`,
    `  Micro-batch ${plan.microBatch}`,
    `  Time        ${timeText(plan)}`,
    ...(card
      ? [
          `  Card        about ${megabytes(card.bytes)} of its memory${card.free === undefined ? '' : `, ${megabytes(card.free)} are free`}`,
          ...partLines(card.parts),
        ]
      : []),
    ...warnings.map(({ message, hint }) => inFlags(`Warning: ${message} ${hint}`)),
  ];
}

// The settings of a run: what is given over what a preset suggests for the folder, and which preset that is.
import { configKeys, configTable } from '../../../shared/config/config-table.ts';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { canBeginSmall, canHalve, cropsPerImage, gridSide, parseConfig } from '../../../shared/config/config.ts';
import { presetSentence } from '../../../shared/config/presets.ts';
import type { PresetName } from '../../../shared/config/presets.ts';
import type { Outlook } from './outlook.ts';
import { batchKeys, predictionStrideOf, presetBound, presetEpochs, presetRecipe, tooLong } from './presets.ts';
import { isPhotograph, suggestConfig, suggestedContext, suggestedPatch } from './suggest.ts';
import type { FolderFacts } from './suggest.ts';

type Given = Readonly<Record<string, unknown>>;

export interface ChosenConfig {
  readonly config: TrainConfig;
  /** Why these settings, in sentences. */
  readonly reason: string;
}

/** Whether the folder chooses the preset, by how long the default one would take. */
export const choosesPreset = ({ preset = 'auto', steps, epochs }: Given): boolean =>
  preset === 'auto' && steps === undefined && epochs === undefined;

/** What is given over what the preset suggests for the folder, and why that preset. */
export function chosenConfig(facts: FolderFacts, given: Given, outlook?: Outlook): ChosenConfig {
  const { preset: asked = 'auto', ...others } = given;
  if (asked !== 'auto') return ofPreset(facts, parseConfig({ preset: asked }).preset as PresetName, others);
  const usual = ofPreset(facts, 'default', others);
  const reason = choosesPreset(given) ? tooLong(usual.config, facts.images, outlook) : undefined;
  return reason === undefined ? usual : ofPreset(facts, 'quick', others, reason);
}

/** Who names a published network for photographs means its embedding of patches too, unless a stem is named. */
const namesNetworkOfPhotographs = ({ shortSide }: FolderFacts, given: Given): boolean =>
  isPhotograph(shortSide) && given['stem'] === undefined && given['architecture'] !== undefined && given['architecture'] !== 'custom';

function ofPreset(facts: FolderFacts, name: PresetName, others: Given, why?: string): ChosenConfig {
  const usual = suggestConfig(facts, name);
  const config = completed(facts, name, others, usual.settings);
  const bound = presetBound(name, facts.images, config);
  const changed = isChanged(config, parseConfig(usual.settings));
  const pictures = isPhotograph(facts.shortSide) ? 'photographs' : 'small';
  const text = `Preset ${name}: ${presetSentence(name, { pictures, changed, ...(bound && { bound }) })}`;
  return { config, reason: [usual.reason, why, text].filter((one) => one !== undefined).join(' ') };
}

function completed(facts: FolderFacts, name: PresetName, others: Given, usual: Partial<TrainConfig>): TrainConfig {
  const { patchSize } = { ...usual, ...suggestedPatch(usual, others), ...others };
  // Convolutions are suggested for patches that they can halve.
  const linear =
    others['stem'] === 'linear' || (typeof patchSize === 'number' && !canHalve(patchSize)) || namesNetworkOfPhotographs(facts, others);
  const settings = linear ? suggestConfig(facts, name, 'linear').settings : usual;
  const suggested = others['architecture'] !== undefined && others['architecture'] !== 'custom' ? withoutSizes(settings) : settings;
  const sized = parseConfig({
    ...suggested,
    contextTokens: 0,
    smallFirst: 0,
    predictionStride: 1,
    contrastImages: 0,
    ...suggestedPatch(suggested, others),
    ...others,
  });
  const ofBatch = presetRecipe(name, sized.batchSize, gridSide(sized), sized.stem);
  const chosen = parseConfig({
    ...sized,
    ...Object.fromEntries(batchKeys.filter((key) => others[key] === undefined && key in ofBatch).map((key) => [key, ofBatch[key]])),
    ...(others['predictionStride'] === undefined && {
      predictionStride: name === 'paper-exact' ? 1 : predictionStrideOf(cropsPerImage(sized) * (sized.microBatch || sized.batchSize)),
    }),
    // The suggested share of the patches, of the grid that the given sizes make.
    ...(others['contextTokens'] === undefined && { contextTokens: suggestedContext(gridSide(sized)) }),
    ...(others['smallFirst'] === undefined && canBeginSmall(sized) && { smallFirst: suggested.smallFirst }),
  });
  return others['epochs'] === undefined ? { ...chosen, epochs: presetEpochs(name, facts.images, chosen) } : chosen;
}

/** Whether something differs that decides what is learned; how a run is carried out and judged does not. */
const isChanged = (config: TrainConfig, usual: TrainConfig): boolean =>
  configKeys.some(
    (key) => configTable[key].group !== 'run' && key !== 'microBatch' && JSON.stringify(config[key]) !== JSON.stringify(usual[key]),
  );

/** A named architecture comes with the predictor's defaults, not with those of the suggested small encoder. */
function withoutSizes(settings: Partial<TrainConfig>): Partial<TrainConfig> {
  const {
    architecture: _a,
    width: _w,
    depth: _d,
    heads: _h,
    mlpRatio: _m,
    predictorWidth: _pw,
    predictorDepth: _pd,
    predictorHeads: _ph,
    ...rest
  } = settings;
  return rest;
}

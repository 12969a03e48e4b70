// The whole story on pictures that come with the program, in a few minutes on any machine.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseConfig } from '../../../shared/config/config.ts';
import { planForPage } from '../../engine/app/runs/run-plan.ts';
import { copySampleImages } from '../../engine/folders/sample-images.ts';
import { decodingFor } from '../../engine/folders/scan-folder.ts';
import { homeAt } from '../../engine/home.ts';
import { originalsOf } from '../../engine/inspect-folder.ts';
import { measureStepSeconds } from '../../engine/runs/pace.ts';
import { checkpointOf, createRun, planRun } from '../../engine/runs/runs.ts';
import { Studio } from '../../engine/studio.ts';
import { FolderSearch } from '../../engine/vectors/search.ts';
import { checkSheetTarget, drawSheet } from '../../engine/vectors/sheet.ts';
import { requireOutside } from '../../engine/write-target.ts';
import type { Action } from '../action.ts';
import { showEvaluation } from '../evaluation-progress.ts';
import { integerOption, numberOption, textOption } from '../options.ts';
import { duration } from '../output.ts';
import type { Output } from '../output.ts';
import { planLines } from '../plan-text.ts';
import { showScan } from '../scan-progress.ts';
import { showTraining } from '../train-progress.ts';
import { showEmbedding } from './embed.ts';

const queriesShown = 6;
const neighboursShown = 8;
/** Evaluations of the demo: each costs seconds that training does not get. */
const evaluations = 4;

export const demo: Action = async (output, options) => {
  const began = performance.now();
  const folder = resolve(textOption(options, 'folder') ?? 'demo');
  const pictures = join(folder, 'pictures');
  const minutes = numberOption(options, 'minutes', '--minutes', 0.1)!;
  const most = integerOption(options, 'images', '--images', 100)!;
  const sheet = join(folder, 'neighbours.png');
  const home = textOption(options, 'home') ?? join(folder, 'home');
  // The home of the demo knows nothing of the folders that were scanned for the usual one, and may itself come to lie in one of them.
  const usual = homeAt();
  if (homeAt(home).path !== usual.path) await requireOutside(folder, originalsOf(usual));
  const studio = new Studio({ home });
  try {
    await requireOutside(folder, studio.originals);
    mkdirSync(pictures, { recursive: true });
    await checkSheetTarget(studio, sheet);
    output.say('1. Scan: emoji of the npm package emoji-datasource-google, sorted into folders by category.');
    await copySampleImages(pictures, most);
    const start = parseConfig({ architecture: 'custom' });
    await showScan(output, studio, pictures, decodingFor(start));

    output.say('\n2. Train an I-JEPA on them (the category names are not used).');
    const draft = planRun(studio, pictures, { steps: 1_000_000 });
    const secondsPerStep = await measureStepSeconds(studio, draft.config, await studio.readImages(pictures));
    const steps = Math.max(20, Math.round((60 * minutes) / secondsPerStep));
    const settings = { steps, evaluateSteps: Math.ceil(steps / evaluations), evaluateImages: 1000 };
    const plan = await planForPage(studio, pictures, settings);
    output.say(`Settings for ${plan.reason} The number of steps is what this machine does in ${duration(60 * minutes)}.`);
    for (const line of planLines(plan)) output.say(line);
    const run = await createRun(studio, pictures, plan);
    if (!(await showTraining(output, studio, run))) return stopped(output, studio);

    output.say('\n3. Embed every picture with the trained encoder.');
    const checkpoint = checkpointOf(run);
    const context = { studio, run, checkpoint, root: studio.folder(pictures), layer: 'last', threads: 0, device: 'auto' } as const;
    if ((await showEmbedding(output, context)).stopped) return stopped(output, studio);

    output.say('\n4. Evaluate: do neighbours share a category? Beside raw pixels and the same network untrained.');
    await showEvaluation(output, studio, {
      ...context,
      purpose: 'reporting',
      bankPerClass: 1000,
      queriesPerClass: 200,
      pixelSide: 16,
      probe: true,
    });

    output.say('\n5. Look-alikes (whitened cosine):');
    await showNeighbours(output, studio, checkpoint, context.root, sheet);
    const seconds = (performance.now() - began) / 1000;
    output.event({ type: 'done', folder, sheet, seconds });
    output.say(`\nOpen ${sheet} to see them. Everything is in ${folder}; the whole demo took ${duration(seconds)}.`);
    output.say('Now your own: ijepa-studio train FOLDER');
    return 0;
  } finally {
    await studio.dispose();
  }
};

/** After Ctrl-C nothing further is begun. */
function stopped(output: Output, { home }: Studio): number {
  output.say(`The demo was stopped. Its run goes on with: ijepa-studio train --resume --home ${JSON.stringify(home.path)}`);
  return 0;
}

async function showNeighbours(output: Output, studio: Studio, checkpoint: string, root: string, sheet: string): Promise<void> {
  const search = await FolderSearch.open(studio, { checkpoint, root, layer: 'last', space: 'whitened' });
  try {
    const images = studio.images(root);
    const rows = [];
    for (let i = 0; i < queriesShown; i++) {
      const query = images[Math.floor(((i + 0.5) * images.length) / queriesShown)]!;
      const neighbours = await search.byHash(query.hash, neighboursShown);
      rows.push({ queries: [{ path: query.path, label: query.label, wanted: true }], neighbours });
      const agreeing = neighbours.filter(({ label }) => label === query.label).length;
      output.event({ type: 'neighbours', query: [query.path], space: 'whitened', neighbours });
      output.say(`  ${query.label}/${query.path.split(/[\\/]/).at(-1)}: ${agreeing} of ${neighbours.length} share its category`);
      for (const { rank, score, label, path } of neighbours.slice(0, 3))
        output.say(`    ${rank}  ${score.toFixed(3)}  ${label}/${path.split(/[\\/]/).at(-1)}`);
    }
    await drawSheet(studio, checkpoint, rows, sheet);
  } finally {
    await search.dispose();
  }
}

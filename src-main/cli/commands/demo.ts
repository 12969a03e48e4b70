// The whole story on pictures that come with the program, in a few minutes on any machine.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseConfig } from '../../../shared/config.ts';
import { preprocessingOf } from '../../../shared/preprocessing.ts';
import { evaluateRun, renderReport } from '../../engine/evaluation.ts';
import { measureStepSeconds } from '../../engine/pace.ts';
import { checkpointOf, createRun, planRun } from '../../engine/runs.ts';
import { copySampleImages } from '../../engine/sample-images.ts';
import { FolderSearch } from '../../engine/search.ts';
import { drawSheet } from '../../engine/sheet.ts';
import { cachedShortSide, Studio } from '../../engine/studio.ts';
import type { Action } from '../action.ts';
import { numberOption, textOption } from '../options.ts';
import { duration } from '../output.ts';
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
  mkdirSync(pictures, { recursive: true });
  const studio = new Studio({ home: textOption(options, 'home') ?? join(folder, 'home') });
  try {
    output.say('1. Scan: emoji of the npm package emoji-datasource-google, sorted into folders by category.');
    copySampleImages(pictures, numberOption(options, 'images', '--images', 100)!);
    const start = parseConfig({ architecture: 'custom' });
    await showScan(output, studio, pictures, { settings: preprocessingOf(start), shortSide: cachedShortSide(start.imageSize) });

    output.say('\n2. Train an I-JEPA on them (the category names are not used).');
    const draft = planRun(studio, pictures, { steps: 1_000_000 });
    const secondsPerStep = await measureStepSeconds(studio, draft.config);
    const steps = Math.max(20, Math.round((60 * minutes) / secondsPerStep));
    const plan = planRun(studio, pictures, { steps, evaluateSteps: Math.ceil(steps / evaluations), evaluateImages: 1000 });
    output.say(plan.reason);
    const run = await createRun(studio, pictures, plan);
    await showTraining(output, studio, run);

    output.say('\n3. Embed every picture with the trained encoder.');
    const checkpoint = checkpointOf(run);
    const context = { studio, run, checkpoint, root: studio.folder(pictures), layer: 'last', threads: 0 } as const;
    await showEmbedding(output, context);

    output.say('\n4. Evaluate: do neighbours share a category? Beside raw pixels and the same network untrained.');
    const report = await evaluateRun(
      studio,
      { ...context, purpose: 'choosing', bankPerClass: 1000, queriesPerClass: 200, pixelSide: 16, probe: true },
      (stage) => output.progress(`Measuring ${stage} …`),
    );
    output.event({ type: 'report', ...report });
    output.progress('', true);
    output.say(renderReport(report));

    output.say('\n5. Look-alikes (whitened cosine):');
    const sheet = join(folder, 'neighbours.png');
    await showNeighbours(studio, checkpoint, context.root, sheet, (line) => output.say(line));
    output.say(
      `\nOpen ${sheet} to see them. Everything is in ${folder}; the whole demo took ${duration((performance.now() - began) / 1000)}.`,
    );
    return 0;
  } finally {
    await studio.dispose();
  }
};

async function showNeighbours(studio: Studio, checkpoint: string, root: string, sheet: string, say: (line: string) => void): Promise<void> {
  const search = await FolderSearch.open(studio, { checkpoint, root, layer: 'last', space: 'whitened' });
  try {
    const images = studio.images(root);
    const rows = [];
    for (let i = 0; i < queriesShown; i++) {
      const query = images[Math.floor(((i + 0.5) * images.length) / queriesShown)]!;
      const neighbours = await search.byHash(query.hash, neighboursShown);
      rows.push({ query: query.path, queryLabel: query.label, neighbours });
      const agreeing = neighbours.filter(({ label }) => label === query.label).length;
      say(`  ${query.label}/${query.path.split(/[\\/]/).at(-1)}: ${agreeing} of ${neighbours.length} share its category`);
      for (const { rank, score, label, path } of neighbours.slice(0, 3))
        say(`    ${rank}  ${score.toFixed(3)}  ${label}/${path.split(/[\\/]/).at(-1)}`);
    }
    await drawSheet(studio, checkpoint, rows, sheet);
  } finally {
    await search.dispose();
  }
}

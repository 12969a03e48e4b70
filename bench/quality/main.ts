// Trains recipes on folders within a budget and adds what came of it to the table.
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { readRecord } from '../../src-main/training/run-folder/run-folder.ts';
import { commandLine } from '../command-line.ts';
import { benchFolders, layOut } from './folders.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import { recipes, settingsOf } from './recipes.ts';
import { appendRow, readTable } from './table.ts';
import type { TableRow } from './table.ts';
import { openStudio, runTrial, settingsHash } from './trial.ts';
import type { Length, Trained } from './trial.ts';

const usage = `npm run bench:quality -- --list | --table
npm run bench:quality -- --recipe agreement,muon --folder cifar10 (--budget 0.1 | --steps 5000) --seeds 0,1 [--report] [--probe] [--trial]
  [--threads N] [--data DIR] [--set '{"learningRate":0.002}']`;
const { values } = commandLine(usage, {
  options: {
    list: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    recipe: { type: 'string', default: 'shipped' },
    folder: { type: 'string', default: 'cifar10' },
    budget: { type: 'string', default: '0.1' },
    steps: { type: 'string', default: '0' },
    seeds: { type: 'string', default: '0' },
    report: { type: 'boolean', default: false },
    probe: { type: 'boolean', default: false },
    trial: { type: 'boolean', default: false },
    threads: { type: 'string', default: '0' },
    data: { type: 'string', default: process.env['IJEPA_BENCH_DATA'] ?? join(tmpdir(), 'ijepa-quality') },
    set: { type: 'string', default: '{}' },
  },
});
const nameWidth = Math.max(...Object.keys(recipes).map(({ length }) => length));
const table = join(import.meta.dirname, 'table.tsv');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function list(): void {
  say('Recipes');
  for (const [name, { what, from }] of Object.entries(recipes))
    say(`  ${name.padEnd(nameWidth)} ${what}${from === undefined ? '' : ` (${from})`}`);
  say('Folders');
  for (const [name, folder] of Object.entries(benchFolders)) {
    const reason = folder.missing();
    say(`  ${name.padEnd(nameWidth)} ${folder.what}${reason === undefined ? '' : ` — skipped: ${reason}`}`);
  }
}

const cell = (value: string, width: number): string => value.padStart(width);

function show(rows: readonly TableRow[]): void {
  say(
    `${'recipe'.padEnd(nameWidth)} ${'folder'.padEnd(8)} seed budget   used   crops | run   as is centred whitened | untrained | pixels | RankMe`,
  );
  for (const row of rows)
    say(
      [
        row.recipe.padEnd(nameWidth),
        row.folder.padEnd(8),
        cell(row.seed, 4),
        cell(row.budget, 6),
        cell(row.used, 6),
        cell(row.crops, 7),
        '|',
        cell(row.knn, 9),
        cell(row.knnCentred, 7),
        cell(row.knnWhitened, 8),
        '|',
        cell(row.untrainedWhitened, 9),
        '|',
        cell(row.pixelsWhitened, 6),
        '|',
        cell(row.rankMe, 6),
      ].join(' '),
    );
}

/** The commit that is measured, with + where files were changed since. */
function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '../../src-main', '../../shared', '.', ':!table.tsv') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
}

const percent = (value: number | undefined): string => (value === undefined ? '' : (100 * value).toFixed(1));

function rowOf(
  recipe: string,
  folder: string,
  length: Length,
  { run, commit: at, steps, crops, spent }: Trained,
  { run: own, untrained, pixels, probe, rankMe, positionalShare }: Judgement,
): TableRow {
  const { config } = readRecord(run);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: at,
    recipe,
    settings: settingsHash(config),
    folder,
    for: values.report ? 'report' : 'choice',
    seed: String(config.seed),
    budget: 'budget' in length ? String(length.budget / 1e15) : '',
    used: (spent.operations / 1e15).toFixed(3),
    seconds: spent.seconds.toFixed(0),
    rate: (spent.operations / spent.seconds / 1e9).toFixed(0),
    steps: String(steps),
    crops: String(crops),
    knn: percent(own.raw),
    knnCentred: percent(own.centred),
    knnWhitened: percent(own.whitened),
    untrained: percent(untrained.raw),
    untrainedCentred: percent(untrained.centred),
    untrainedWhitened: percent(untrained.whitened),
    pixels: percent(pixels.raw),
    pixelsCentred: percent(pixels.centred),
    pixelsWhitened: percent(pixels.whitened),
    probe: percent(probe),
    rankMe: rankMe?.toFixed(1) ?? '',
    positionalShare: positionalShare?.toFixed(2) ?? '',
  };
}

const names = (text: string): string[] => text.split(',').filter((one) => one !== '');

/** Ends the program for names that are not known, before hours of work. */
function requireKnown(what: string, given: readonly string[], known: object): void {
  const unknown = given.filter((name) => !(name in known));
  if (unknown.length === 0) return;
  process.stderr.write(`There is no ${what} ${unknown.join(', ')}; there are ${Object.keys(known).join(', ')}.\n`);
  process.exit(2);
}

async function benchFolder(folder: string, signal: AbortSignal): Promise<void> {
  const [budget, steps] = [Number(values.budget) * 1e15, Number(values.steps)];
  const length: Length = steps > 0 ? { steps } : { budget };
  const threads = Number(values.threads);
  const changes = JSON.parse(values.set) as Partial<TrainConfig>;
  const file = values.trial || Object.keys(changes).length > 0 ? join(values.data, 'trials.tsv') : table;
  const [at, root] = [commit(), layOut(folder, values.data)];
  const studio = await openStudio(join(values.data, 'home'), root);
  try {
    for (const recipe of names(values.recipe))
      for (const seed of names(values.seeds).map(Number)) {
        const settings = { ...settingsOf(recipe), ...changes };
        const trained = await runTrial(studio, { recipe, settings, root, length, seed, threads, commit: at }, signal, say);
        if (!trained) return say('Stopped; the same command goes on from here.');
        const measured = await judge(studio, benchFolders[folder]!.truth, {
          root,
          run: trained.run,
          checkpoint: trained.checkpoint,
          purpose: values.report ? 'reporting' : 'choosing',
          probe: values.probe,
          threads,
        });
        const row = rowOf(recipe, folder, length, trained, measured);
        await appendRow(file, row);
        show([row]);
        const off = trained.spent.operations / budget - 1;
        if ('budget' in length && Math.abs(off) > 0.1)
          say(`  the budget was missed by ${(100 * off).toFixed(0)} %: the machine was not as fast as in the trial`);
      }
  } finally {
    await studio.dispose();
  }
}

async function bench(): Promise<void> {
  requireKnown('recipe', names(values.recipe), recipes);
  requireKnown('folder', names(values.folder), benchFolders);
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  for (const folder of names(values.folder)) {
    const reason = benchFolders[folder]!.missing();
    if (controller.signal.aborted) return;
    if (reason === undefined) await benchFolder(folder, controller.signal);
    else say(`${folder} was skipped: ${reason}.`);
  }
}

if (values.list) list();
else if (values.table) show(readTable(table));
else await bench();

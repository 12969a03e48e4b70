import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { configKeys, configTable } from '../../shared/config/config-table.ts';
import { defaultConfig, parseConfig } from '../../shared/config/config.ts';
import type { Setting } from '../../shared/config/setting.ts';
import type { RunPlan } from '../../shared/contract/contract-runs.ts';
import { AppError, errorCodes } from '../../shared/errors.ts';
import { memoryPartNames } from '../../shared/memory-parts.ts';
import type { MemoryParts } from '../../shared/memory-parts.ts';
import { suggestConfig, suggestedKeys } from '../engine/runs/suggest.ts';
import { withTemporary } from '../training/testing/small-run.ts';
import type { Action } from './action.ts';
import { cleanCommand } from './commands/clean.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { scanCommand } from './commands/scan.ts';
import { trainCommand } from './commands/train.ts';
import { addConfigFlags, flagName, givenSettings, inFlags } from './config-flags.ts';
import { exitCodeHelp, exitCodes } from './exit-codes.ts';
import { choiceOption, integerOption, listOption, numberOption } from './options.ts';
import { count, duration, megabytes, Output, plural } from './output.ts';
import { planLines } from './plan-text.ts';

function parsed(...args: string[]): Record<string, unknown> {
  const command = addConfigFlags(new Command('train')).exitOverride();
  command.parse(args, { from: 'user' });
  return givenSettings(command.opts());
}

/** A setting's default as a person would type it. */
function typed({ default: value }: Setting): string {
  if (typeof value === 'object') return value.join(',');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

describe('flags of the config table', () => {
  it('gives every setting a flag that takes its default back', () => {
    for (const key of configKeys) expect(parsed(flagName(key), typed(configTable[key]))).toEqual({ [key]: defaultConfig[key] });
  });
  it('shows every setting in the help with its default', () => {
    const help = addConfigFlags(new Command('train')).configureHelp({ helpWidth: 400 }).helpInformation();
    for (const key of configKeys) expect(help).toContain(`${flagName(key)} `);
    expect(help).toContain('Settings: masks');
    expect(help).toContain('Default 0.15,0.2.');
  });
  it('says of each setting whether the folder decides it', () => {
    const help = addConfigFlags(new Command('train')).configureHelp({ helpWidth: 400 }).helpInformation();
    const lineOf = (key: string): string => help.split('\n').find((line) => line.includes(`${flagName(key)} `)) ?? '';
    for (const key of suggestedKeys) expect(lineOf(key)).toMatch(/chosen from the folder/i);
    for (const key of configKeys.filter((one) => !suggestedKeys.includes(one))) expect(lineOf(key)).toMatch(/Default .+\.$/);
    expect(lineOf('predictorDepth')).toContain('with a named architecture 6');
    expect(suggestedKeys).toEqual(expect.arrayContaining(Object.keys(suggestConfig({ images: 9000, shortSide: 500 }).settings)));
  });
  it.each([
    ['--epochs', 'three', "--epochs: 'three' is not a number"],
    ['--batch-size', '8,16', "--batch-size: '8,16' is not a number"],
    ['--crop-scale', '0.2,x', "--crop-scale: '0.2,x' are not numbers"],
  ])('says of %s %s what was typed', (flag, value, message) => {
    expect(() => parsed(flag, value)).toThrow(message);
  });
  it('says the flags of settings where a message has their names, and leaves other words', () => {
    expect(inFlags('patchSize: 4 does not divide; set minKeep or agreement.')).toBe(
      '--patch-size: 4 does not divide; set --min-keep or agreement.',
    );
    expect(inFlags('width: 5 is not a multiple')).toBe('--width: 5 is not a multiple');
    expect(inFlags('fit it: --min-keep, a file minKeep.png')).toBe('fit it: --min-keep, a file minKeep.png');
    expect(inFlags('The width of xpatchSizes')).toBe('The width of xpatchSizes');
    expect(inFlags('Train on the processor (device=cpu).')).toBe('Train on the processor (--device cpu).');
    expect(inFlags('Write it as {"batchSize": 64, …}.')).toBe('Write it as {"batchSize": 64, …}.');
  });
  it('reads ranges, switches and choices, and leaves what was not given', () => {
    expect(parsed('--target-scale', '0.1,0.3', '--flip', 'no', '--architecture', 'small')).toEqual({
      targetScale: [0.1, 0.3],
      flip: false,
      architecture: 'small',
    });
    expect(parsed('--flip')).toEqual({ flip: true });
    expect(parsed()).toEqual({});
  });
  it.each([
    ['--batch-size', '0'],
    ['--batch-size', '1.5'],
    ['--batch-size', 'many'],
    ['--learning-rate', 'NaN'],
    ['--learning-rate', ''],
    ['--target-scale', '0.3'],
    ['--target-scale', '0.3,0.1'],
    ['--mean', '0.1,0.2'],
    ['--architecture', 'gigantic'],
    ['--flip', 'perhaps'],
  ])('rejects %s %s with a hint', (flag, value) => {
    let error: unknown;
    try {
      parseConfig(parsed(flag, value));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('bad-config');
    expect((error as AppError).hint.length).toBeGreaterThan(5);
  });
});

describe('exit codes', () => {
  it('has one for every error, and the help names each number', () => {
    expect(Object.keys(exitCodes).toSorted()).toEqual([...errorCodes].toSorted());
    for (const code of Object.values(exitCodes)) expect(exitCodeHelp).toMatch(new RegExp(`\\b${code} `));
  });
});

describe('options', () => {
  it('reads numbers and says which flag is wrong', () => {
    expect(numberOption({ count: '12' }, 'count', '--count', 1)).toBe(12);
    expect(numberOption({}, 'count', '--count', 1)).toBeUndefined();
    for (const text of ['', ' ', 'x', '0', 'Infinity', '-3'])
      expect(() => numberOption({ count: text }, 'count', '--count', 1)).toThrow(/--count/);
  });
  it('takes whole numbers within a range where something is counted', () => {
    expect(integerOption({ count: '12' }, 'count', '--count', 1, 12)).toBe(12);
    expect(integerOption({}, 'count', '--count', 1)).toBeUndefined();
    for (const text of ['2.5', '13', '0', '1e99'])
      expect(() => integerOption({ count: text }, 'count', '--count', 1, 12)).toThrow(/--count/);
  });
  it('reads choices and lists', () => {
    expect(choiceOption({ space: 'raw' }, 'space', '--space', ['raw', 'centred'])).toBe('raw');
    expect(() => choiceOption({ space: 'cooked' }, 'space', '--space', ['raw', 'centred'])).toThrow(/cooked/);
    expect(listOption({ image: ['a', 'b'] }, 'image')).toEqual(['a', 'b']);
    expect(listOption({}, 'image')).toEqual([]);
  });
});

describe('a flag that says something of another one', () => {
  it.each<readonly [string, Action, Record<string, unknown>]>([
    ['--from-step: needs --from', trainCommand, { fromStep: 'latest' }],
    ['--from-step: needs --from', trainCommand, { fromStep: 'latest', resume: true }],
    ['--trust-times: needs --moved-from', scanCommand, { trustTimes: true, maxPixels: '1' }],
    ['--yes: needs --run', cleanCommand, { yes: true }],
    ['--bank-split: needs --query-split', evaluateCommand, { bankSplit: 'val' }],
  ])('is not ignored alone: %s', async (message, command, options) =>
    withTemporary(async (folder) => {
      const home = join(folder, 'home');
      await expect(command(new Output(true), { home, ...options }, folder)).rejects.toMatchObject({ code: 'bad-config', message });
      expect(existsSync(home)).toBe(false);
    }),
  );
});

describe('a plan', () => {
  it('says what will be used, with its sizes, not what was suggested', () => {
    const config = parseConfig({ architecture: 'small', imageSize: 50, patchSize: 2, batchSize: 500, agreement: 1, contextTokens: 156 });
    const none = Object.fromEntries(Object.keys(memoryPartNames).map((part) => [part, 0])) as unknown as MemoryParts;
    const parts = (some: Partial<MemoryParts>): MemoryParts => ({ ...none, ...some });
    const plan: RunPlan = {
      config,
      steps: 1200,
      images: 404,
      heldOut: 0,
      reason: '404 images.',
      sizes: {
        encoderParameters: 21_300_000,
        predictorParameters: 90_000,
        tokens: 625,
        contextTokens: 156,
        targetTokens: 9,
        microBatch: 4,
      },
      microBatch: '4 of 500 images in a pass.',
      diskBytes: 0,
      diskFree: 0,
      memoryBytes: 414e6,
      memoryFree: 8e9,
      memoryParts: parts({ weights: 64e6, moments: 128e6, activations: 222e6 }),
      device: 'WebGPU, as asked.',
      time: { secondsPerStep: 9, timed: true, atMost: false },
      card: { name: 'A card', bytes: 2.5e9, free: 6e9, parts: parts({ weights: 0.5e9, activations: 2e9 }) },
      warnings: [{ message: 'Too much.', hint: 'Set patchSize to 8.' }],
    };
    const text = planLines(plan).join('\n');
    for (const part of [
      '50×50 px in 625 patches of 2 px',
      'small: 384 wide × 12 deep, 21.3 M',
      '90,000 parameters',
      '1,200 steps of 500 images',
      '2 crops of each',
      'Trains on   WebGPU, as asked.',
      'Time        about 3 h, measured with steps of these sizes',
      'Micro-batch 4 of 500 images in a pass.',
      '2.5 GB of its memory, 6.0 GB are free',
    ])
      expect(text).toContain(part);
    expect(planLines({ ...plan, time: { secondsPerStep: 9, timed: false, atMost: true } }).join('\n')).toContain(
      'about 3 h on the processor',
    );
    expect(planLines({ ...plan, time: undefined }).join('\n')).toContain('not known');
    // Below each sum, and nothing of what there is not.
    expect(text).toMatch(
      /Memory .*414 MB .*\n +Weights of the networks +64 MB\n +Moments of the optimiser +128 MB\n +Activations of a pass +222 MB\n +Trains on/,
    );
    expect(text).toMatch(/2\.5 GB of its memory.*\n +Weights of the networks +500 MB\n +Activations of a pass +2\.0 GB\n/);
    expect(text).toContain('1,485 epochs of 404 images');
    expect(text).toContain('342 MB each');
    expect(text).toContain('Warning: Too much. Set --patch-size to 8.');
  });
});

describe('words for people', () => {
  it('says durations, counts and sizes', () => {
    expect([0.4, 45, 200, 7500, Infinity].map(duration)).toEqual(['0 s', '45 s', '3 min 20 s', '2 h 05 min', '–']);
    expect([count(12403), plural(1, 'image'), plural(2, 'image')]).toEqual(['12,403', '1 image', '2 images']);
    expect([megabytes(1.5e6), megabytes(2.5e8), megabytes(3.1e9)]).toEqual(['1.5 MB', '250 MB', '3.1 GB']);
  });
});

describe('the output', () => {
  afterEach(() => vi.restoreAllMocks());
  const written = (json: boolean, show: (output: Output) => void): string => {
    const parts: string[] = [];
    const keep = (text: unknown): boolean => {
      parts.push(String(text));
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    vi.spyOn(process.stderr, 'write').mockImplementation(keep);
    show(new Output(json));
    return parts.join('');
  };

  it('does not let the name of a file steer the terminal', () => {
    const name = '\u001b[2Jred\u0007\u009b31m.jpg';
    for (const show of [
      (output: Output) => output.say(`a\tb\n${name}`),
      (output: Output) => output.progress(name, true),
      (output: Output) => void output.fail(new AppError('bad-file', name, name)),
    ]) {
      const text = written(false, show);
      expect(text).not.toMatch(/[^\P{Cc}\n\t]/u);
      expect(text).toContain('red');
    }
    expect(written(false, (output) => output.say('a\tb\nc'))).toBe('a\tb\nc\n');
  });

  it('says nothing but objects to machines', () => {
    const text = written(true, (output) => {
      output.say('words');
      output.progress('words', true);
      output.event({ type: 'a' });
      output.fail(new AppError('locked', 'b', 'c'));
    });
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ type: 'a' }, { type: 'error', code: 'locked', message: 'b', hint: 'c' }]);
  });
});

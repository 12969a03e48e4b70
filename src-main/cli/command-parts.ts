// What commands are made of: flags that several of them have, how one is bound to its code, which is loaded when it runs, and its examples.
import type { Command } from 'commander';
import { configTable } from '../../shared/config/config-table.ts';
import type { Action, Options } from './action.ts';
import { Output } from './output.ts';

export const machine = (command: Command): Command => command.option('--json', 'print one JSON object per line, for scripts');

export const common = (command: Command): Command =>
  machine(
    command.option(
      '--home <folder>',
      'where catalogue, cache, runs and embeddings are kept (default: $IJEPA_STUDIO_HOME, else ~/.ijepa-studio)',
    ),
  );

export const onRun = (command: Command): Command =>
  common(command)
    .option('--run <name>', 'run by name or path (default: the newest, or with the file of a checkpoint its own)')
    .option('--checkpoint <which>', 'best, latest, a step, or a file', 'best');

export const layer = (command: Command): Command =>
  command.option('--layer <layer>', 'last, or last4 (the last four blocks, or as many as there are, concatenated)', 'last');

export const device = (command: Command): Command =>
  command.option(
    '--device <choice>',
    `what computes the vectors: ${configTable.device.choices.join(', ')}; auto: a graphics card if it computes correctly and much faster than the processor, else the processor`,
    'auto',
  );

export const threads = (command: Command): Command => command.option('--threads <number>', 'threads of the CPU; 0: one per core', '0');

export function bind(command: Command, load: () => Promise<Action>): Command {
  return command.action(async (...args: unknown[]) => {
    const operands = args
      .slice(0, -2)
      .flat()
      .filter((one): one is string => typeof one === 'string');
    const options = command.opts<Options>();
    const output = new Output(options['json'] === true);
    try {
      const run = await load();
      process.exitCode = await run(output, options, ...operands);
    } catch (error) {
      process.exitCode = output.fail(error);
    }
  });
}

export const examples = (lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ijepa-studio ${line}`).join('\n')}`;

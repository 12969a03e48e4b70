// Prints what the README's table of speed and memory is made from, with the machine's own bounds measured in the same run.
// PYTHON=…: a Python with torch. TRANSFORMERS_JS=…: a node_modules folder with @huggingface/transformers.
// With one thread ratios are of processor time, which other programs disturb least; otherwise of the clock.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { commandLine } from './command-line.ts';
import { benchDevices } from './devices.ts';
import { benchNetwork, benchSuggested } from './network.ts';
import { benchProgram } from './program.ts';
import type { Row, Tell } from './row.ts';
import { benchScan } from './scan.ts';
import { benchSearch } from './search.ts';

const usage = `npm run bench -- [step] [suggested] [embed] [search] [scan] [help] [wait] [devices]
  [--quick] [--eager] [--threads N] [--rounds N] [--micro N] [--json FILE]`;
const { values, positionals } = commandLine(usage, {
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    eager: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string' },
    micro: { type: 'string', default: '4' },
    json: { type: 'string' },
  },
});
const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 2 : 7));
const network = { threads: Number(values.threads), microBatch: Number(values.micro), rounds, compiled: !quick && !values.eager };

const rows: Row[] = [];
const took: Record<string, number> = {};
const write = (): void => {
  if (values.json === undefined) return;
  writeFileSync(values.json, `${JSON.stringify({ ...network, date: new Date().toISOString(), tookSeconds: took, rows }, null, 2)}\n`);
};
/** At once: what was measured is there also where the rest is not waited for. */
const tell: Tell = (found) => {
  for (const row of found) {
    const goal = row.goal === undefined ? '' : `  (goal ${row.goal})`;
    process.stdout.write(`${row.name.padEnd(58)}  ${row.value}${goal}\n`);
  }
  rows.push(...found);
  write();
};

const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  step: async () => benchNetwork('step', network),
  suggested: async () => benchSuggested({ ...network, rounds: 5 * rounds }),
  embed: async () => benchNetwork('embed', network),
  search: async () => (await benchSearch(quick ? [100_000] : [100_000, 1_000_000])).rows,
  scan: async () => (await benchScan(quick ? 200 : 2000, quick ? 1 : 3)).rows,
  help: async () => benchProgram('help', rounds),
  wait: async () => benchProgram('wait', rounds),
  devices: async () => {
    await benchDevices(network, quick, tell);
    return [];
  },
};

const chosen = positionals.length > 0 ? positionals : Object.keys(parts);
const unknown = chosen.filter((name) => !(name in parts));
if (unknown.length > 0) {
  process.stderr.write(`No such part: ${unknown.join(', ')}. There are: ${Object.keys(parts).join(', ')}.\n`);
  process.exit(2);
}

process.stdout.write(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${network.threads} threads used\n\n`);
for (const name of chosen) {
  const began = performance.now();
  try {
    tell(await parts[name]!());
  } catch (error) {
    tell([{ name, value: `failed: ${error instanceof Error ? error.message : String(error)}` }]);
    process.exitCode = 1;
  }
  took[name] = Math.round((performance.now() - began) / 1000);
}
const parted = Object.entries(took).map(([name, seconds]) => `${name} ${seconds} s`);
process.stdout.write(`\nTook ${Math.round(performance.now() / 1000)} s: ${parted.join(', ')}.\n`);
write();

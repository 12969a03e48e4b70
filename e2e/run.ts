// All end-to-end tests: first what needs the engine or is timed, one after another, then pages over the stand-in, two at a time. What is
// given goes on to Playwright: names of files, `-g`, `--reporter`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const cli = join(import.meta.dirname, '..', 'node_modules', 'playwright', 'cli.js');
const config = join(import.meta.dirname, 'playwright.config.ts');
const given = process.argv.slice(2);
/** A filter may mean tests of one kind alone. */
const filtered = given.length > 0 ? ['--pass-with-no-tests'] : [];

/** Reports of both beside each other: `e2e.json` and `e2e-pages.json`. */
const reportOf = (project: string): Record<string, string> => {
  const name = process.env['PLAYWRIGHT_JSON_OUTPUT_FILE'];
  return name === undefined || project === 'stories' ? {} : { PLAYWRIGHT_JSON_OUTPUT_FILE: name.replace(/(\.json)?$/, `-${project}.json`) };
};

let failed = false;
for (const project of ['stories', 'pages']) {
  const { status } = spawnSync(process.execPath, [cli, 'test', '--config', config, `--project=${project}`, ...filtered, ...given], {
    stdio: 'inherit',
    // The first has built the page.
    env: { ...process.env, ...reportOf(project), ...(project === 'pages' && { E2E_BUILT: '1' }) },
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;

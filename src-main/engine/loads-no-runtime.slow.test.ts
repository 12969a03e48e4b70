// What computes may crash, and takes its time to load: it belongs to the trainer's process alone.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Libraries that a module and what it imports have loaded. */
function librariesOf(module: string): string {
  const program = `await import(${JSON.stringify(new URL(module, import.meta.url).href)}); console.log(process.report.getReport().sharedObjects.join('\\n'))`;
  return execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
}

it('the engine loads no onnxruntime, and the trainer does', () => {
  expect(librariesOf('./app/engine.ts')).not.toContain('onnxruntime');
  expect(librariesOf('../trainer/train-job.ts')).toContain('onnxruntime');
});

// The page as it is built has its first frame in it: the app's own components, rendered here, with their styles. A browser draws it before
// any script has come.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import type { InlineConfig, Plugin, Rolldown } from 'vite';

const root = fileURLToPath(new URL('src-renderer', import.meta.url));

/** The code that an entry of the page is built to. */
async function codeOf({ build: how, ...config }: InlineConfig): Promise<string> {
  const built = (await build({ root, configFile: false, logLevel: 'error', ...config, build: { write: false, ...how } })) as
    | Rolldown.RolldownOutput
    | Rolldown.RolldownOutput[];
  const chunk = [built].flat()[0]!.output[0];
  if (chunk.type !== 'chunk') throw new Error('There is no code.');
  return chunk.code;
}

/** The app's markup while the engine starts. */
async function renderFrame(): Promise<string> {
  const code = await codeOf({
    plugins: [svelte()],
    ssr: { noExternal: true },
    build: { ssr: 'first-frame/render.ts', rolldownOptions: { output: { codeSplitting: false } } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'first-frame-'));
  const file = join(folder, 'render.mjs');
  try {
    writeFileSync(file, code);
    const { renderFirstFrame } = (await import(pathToFileURL(file).href)) as { renderFirstFrame: () => string };
    return renderFirstFrame();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A script that runs before anything is drawn, in the page itself. */
const inlineScript = async (name: 'theme' | 'place'): Promise<string> => {
  const code = await codeOf({
    build: { target: 'chrome114', rolldownOptions: { input: `${root}/first-frame/${name}.ts`, output: { format: 'iife' } } },
  });
  return `<script>${code.trim()}</script>`;
};

/** The app's chunks, what they need first. */
function chunksOf(bundle: Rolldown.OutputBundle): Rolldown.OutputChunk[] {
  const found = new Set<Rolldown.OutputChunk>();
  const visit = (chunk: Rolldown.OutputBundle[string] | undefined): void => {
    if (chunk?.type !== 'chunk' || found.has(chunk)) return;
    for (const name of chunk.imports) visit(bundle[name]);
    found.add(chunk);
  };
  visit(Object.values(bundle).find((one) => one.type === 'chunk' && one.facadeModuleId?.endsWith('/src-renderer/start.ts')));
  return [...found];
}

export const firstFrame = (): Plugin => ({
  name: 'first-frame',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    async handler(html, { path, bundle = {} }) {
      if (path !== '/index.html') return html;
      const chunks = chunksOf(bundle);
      const sheets = [...new Set(chunks.flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]))].map((name) => {
        const sheet = bundle[name];
        const text = sheet?.type === 'asset' ? String(sheet.source).trim() : '';
        if (text === '' || /url\(|@import|<\//.test(text)) throw new Error(`${name} cannot stand in the page.`);
        return `<style data-of="./${name}">${text}</style>`;
      });
      if (sheets.length === 0) throw new Error('The app has no styles.');
      const [frame, theme, place] = await Promise.all([renderFrame(), inlineScript('theme'), inlineScript('place')]);
      // Fetched while the page is drawn, run afterwards.
      const scripts = chunks
        .filter(({ fileName }) => !html.includes(`"./${fileName}"`))
        .map(({ fileName }) => `<link rel="modulepreload" crossorigin href="./${fileName}">`);
      const head = [...scripts, theme, ...sheets].map((line) => `    ${line}\n`).join('');
      return html.replace('  </head>', () => `${head}  </head>`).replace('<div id="app"></div>', () => `<div id="app">${frame}</div>\n    ${place}`);
    },
  },
});

// Stands for the browser or, with `?face=window`, for the window: what the page asks of it is written to the console.
import type { Face } from '../../shared/contract/face.ts';
import { connectToFakeEngine, scenarios } from './fake-engine.ts';

export function fakeFace(query: URLSearchParams): Face {
  const scenario = scenarios.find((one) => one === query.get('scenario')) ?? 'full';
  const number = (name: string): number | undefined => Number(query.get(name)) || undefined;
  const [stepsPerSecond, steps] = [number('rate'), number('steps')];
  const pace = { ...(stepsPerSecond && { stepsPerSecond }), ...(steps && { steps }) };
  const connect: Face['connect'] = () => connectToFakeEngine(scenario, pace);
  // oxlint-disable-next-line no-console
  const say = (what: string, ...details: unknown[]): void => console.info(what, ...details);
  if (query.get('face') !== 'window') return { kind: 'browser', connect };
  return {
    kind: 'window',
    connect,
    chooseFolder: async () => '/home/ada/plates/stained-cells-2026',
    chooseFile: async (kind) =>
      ({
        csv: '/home/ada/plates/labels.csv',
        weights: '/home/ada/IN1K-vit.h.14-300e.pth.tar',
        archive: '/home/ada/Downloads/libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz',
      })[kind],
    chooseTarget: async () => '/home/ada/Documents/stained-cells-vectors',
    reveal: (path) => say('reveal', path),
    dragOut: (images) => say('dragOut', images),
    pathOf: () => undefined,
    onMenu: () => () => {},
    onPower: (handler) => {
      handler(false);
      return () => {};
    },
  };
}

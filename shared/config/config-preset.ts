// The preset: what the settings that nobody gave are taken from.
import { choice } from './setting.ts';
import type { Setting } from './setting.ts';

export const presetSettings = {
  preset: choice({
    group: 'run',
    default: 'auto',
    choices: ['auto', 'quick', 'default', 'long', 'paper-exact', 'agreement-only'],
    help: 'Where all settings that are not given come from; auto chooses by the folder and by the device that the run is expected to train on.',
  }),
} as const satisfies Record<string, Setting>;

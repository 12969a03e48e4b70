// The preset: what the settings that nobody gave are taken from.
import { choice } from './setting.ts';
import type { Setting } from './setting.ts';

export const presetSettings = {
  preset: choice({
    group: 'run',
    default: 'auto',
    choices: ['auto', 'quick', 'default', 'long', 'paper-exact', 'agreement-only'],
    help: 'What all other settings are taken from unless they are given; auto chooses by the folder and by what the run is expected to train on.',
  }),
} as const satisfies Record<string, Setting>;

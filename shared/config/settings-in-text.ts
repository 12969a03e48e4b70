// Settings that a sentence of the engine names by their keys, as `imageSize` or `device=cpu`: each face says them in its own words.
import { configKeys, configTable } from './config-table.ts';
import type { ConfigKey } from './config-table.ts';
import type { Setting } from './setting.ts';

export interface SettingWords {
  /** The key that a sentence begins with, as in "width: 5 is not a multiple of 4". */
  readonly first: (key: ConfigKey) => string;
  readonly named: (key: ConfigKey) => string;
  /** One of the choices of a setting. */
  readonly chosen: (key: ConfigKey, choice: string) => string;
}

const isKey = (word: string): word is ConfigKey => Object.hasOwn(configTable, word);

/** The key that a sentence about one setting begins with. */
export function firstKey(text: string): ConfigKey | undefined {
  const [, word = ''] = /^(\w+): /.exec(text) ?? [];
  return isKey(word) ? word : undefined;
}

const choicesOf = (key: ConfigKey): readonly string[] => {
  const setting: Setting = configTable[key];
  return setting.type === 'choice' ? setting.choices : [];
};

// Keys of one word are English words too: they count only where nothing else can be meant. In paths, flags and quotes there are none.
const choiceKeys = configKeys.filter((key) => choicesOf(key).length > 0);
const wordKeys = configKeys.filter((key) => /[A-Z]/.test(key));
const pattern = new RegExp(`(?<![\\w/\\\\."-])(?:(${choiceKeys.join('|')})=([\\w-]+)|(${wordKeys.join('|')})(?!\\.?\\w))`, 'g');

/** The text with its settings in the words of a face. */
export function sayingSettings(text: string, words: SettingWords): string {
  const first = firstKey(text);
  const [begin, rest] = first === undefined ? ['', text] : [words.first(first), text.slice(first.length)];
  return (
    begin +
    rest.replace(pattern, (found: string, key: ConfigKey | undefined, value: string, named: ConfigKey | undefined) => {
      if (named) return words.named(named);
      return key && choicesOf(key).includes(value) ? words.chosen(key, value) : found;
    })
  );
}

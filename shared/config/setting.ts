// The kinds of setting that a configuration is made of.

interface Base {
  readonly group: 'model' | 'images' | 'masks' | 'objective' | 'optimiser' | 'run';
  readonly help: string;
  readonly unit?: string;
}
export interface NumberSetting extends Base {
  readonly type: 'number' | 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
}
export interface RangeSetting extends Base {
  readonly type: 'range';
  readonly default: readonly [number, number];
  readonly min: number;
  readonly max: number;
}
export interface TripleSetting extends Base {
  readonly type: 'triple';
  readonly default: readonly [number, number, number];
  readonly min: number;
  readonly max: number;
}
export interface ChoiceSetting<T extends string = string> extends Base {
  readonly type: 'choice';
  readonly default: T;
  readonly choices: readonly T[];
}
export interface SwitchSetting extends Base {
  readonly type: 'switch';
  readonly default: boolean;
}
export type Setting = NumberSetting | RangeSetting | TripleSetting | ChoiceSetting | SwitchSetting;

export const number = (setting: Omit<NumberSetting, 'type'>): NumberSetting => ({ type: 'number', ...setting });
export const integer = (setting: Omit<NumberSetting, 'type'>): NumberSetting => ({ type: 'integer', ...setting });
export const range = (setting: Omit<RangeSetting, 'type'>): RangeSetting => ({ type: 'range', ...setting });
export const triple = (setting: Omit<TripleSetting, 'type'>): TripleSetting => ({ type: 'triple', ...setting });
export const choice = <const T extends string>(setting: Omit<ChoiceSetting<T>, 'type'>): ChoiceSetting<T> => ({
  type: 'choice',
  ...setting,
});
export const flag = (setting: Omit<SwitchSetting, 'type'>): SwitchSetting => ({ type: 'switch', ...setting });

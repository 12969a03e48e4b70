// The runs that most folders get, for a person who wants to know how long they take before there is a folder.

/** Up to 112 px, and larger ones. */
export const usualPictures = ['small', 'photographs'] as const;
export type UsualPictures = (typeof usualPictures)[number];

export const usualPresets = ['quick', 'default'] as const;
export type UsualPreset = (typeof usualPresets)[number];

export interface UsualTimes {
  readonly times: readonly {
    readonly preset: UsualPreset;
    readonly pictures: UsualPictures;
    /** Of training alone: reading the images and judging come beside it. */
    readonly seconds: number;
  }[];
  /** Whether these are the processor's, and a card that is still to be tried may be faster. */
  readonly atMost: boolean;
}

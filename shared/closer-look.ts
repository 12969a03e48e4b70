// What an encoder sees in a picture, as all faces have it: how close it is looked at (times the patches along a side that it was trained on),
// and what its colours tell.

/** Patches along a side that show little more than where something is. */
const few = 4;

/** Where nobody says. */
export const usualCloseness = (trained: number): 1 | 4 => (trained <= few ? 4 : 1);

/** Where a closer look is asked for: attention grows with the fourth power of it. */
export const timesCloser = (trained: number): 2 | 4 => (trained <= few ? 4 : 2);

/** Images from which on their mean at each place is subtracted: that of fewer is what is on them, and not what is typical of the place. */
export const fewestForTypical = 8;

/** Whether colours that are fitted on so many images tell where something is, as a sentence. */
export const placesInColours = (fittedOn: number): string =>
  fittedOn < fewestForTypical
    ? `They show where things are, too: what is typical of each position is subtracted only with ${fewestForTypical} images or more.`
    : 'What is typical of each position is subtracted first, so they show what is there, not where.';

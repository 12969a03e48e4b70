// How close what an encoder sees in a picture is looked at: as many times the patches along a side as it was trained on.

/** Patches along a side that show little more than where something is. */
const few = 4;

/** Where nobody says. */
export const usualCloseness = (trained: number): 1 | 4 => (trained <= few ? 4 : 1);

/** Where a closer look is asked for: attention grows with the fourth power of it. */
export const timesCloser = (trained: number): 2 | 4 => (trained <= few ? 4 : 2);

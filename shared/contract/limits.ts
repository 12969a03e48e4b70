// Limits that the page keeps to and the contract checks, apart from its schemas: those the page would have to load and make for a number.

/** Images whose files are dragged out of the window at once, at most. */
export const mostDragged = 1000;

/** 64 MiB: a dropped picture. */
export const uploadLimit = 64 * 2 ** 20;

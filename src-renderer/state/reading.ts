// How a folder that is being read is followed.

/** Milliseconds between looks at a folder that is being read. */
export const renewEvery = 1500;

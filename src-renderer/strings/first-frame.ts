// What is said where the rest of the page has not come: by itself, since all else is what is missing.
export const firstFrame = {
  missing: 'The page could not be loaded: the program that serves it may have ended.',
  again: 'Load it again',
} as const;

import { expect, it } from 'vitest';
import { AskedImage } from './asked-image.ts';

it('an image that the address asks for is found once its folder is known, and not again as the Library is left for another view', () => {
  const asked = new AskedImage();
  expect([asked.take('5', undefined), asked.take('5', 1), asked.take('5', 1)]).toEqual([undefined, 5, undefined]);
  expect([asked.take('7', 1), asked.take('7', 2)]).toEqual([7, 7]);
  // A link to the same one is another wish, once the address has asked for something else.
  expect([asked.take(undefined, 2), asked.take('7', 2)]).toEqual([undefined, 7]);
});

it.each(['', 'x', '-1', '1.5', '0'])('nothing is found by %j', (said) => expect(new AskedImage().take(said, 1)).toBeUndefined());

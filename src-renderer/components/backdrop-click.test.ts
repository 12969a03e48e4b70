import { expect, it } from 'vitest';
import { BackdropClick } from './backdrop-click.ts';

const [dialog, field] = [new EventTarget(), new EventTarget()];

/** Where the pointer goes down and up, and whether the click after it closes the dialog. */
function closes(down: EventTarget, up: EventTarget): boolean {
  const click = new BackdropClick();
  click.press(down);
  click.release(up);
  return click.isBeside(dialog, down === up ? down : dialog);
}

it('closes a dialog that is pressed and released beside, and not where only one of both was', () => {
  expect([closes(dialog, dialog), closes(field, dialog), closes(dialog, field), closes(field, field)]).toEqual([true, false, false, false]);
});

it('takes nothing over from the click before, and needs a press', () => {
  const click = new BackdropClick();
  expect(click.isBeside(dialog, dialog)).toBe(false);
  click.press(dialog);
  click.release(dialog);
  expect([click.isBeside(dialog, dialog), click.isBeside(dialog, dialog), click.isBeside(undefined, dialog)]).toEqual([true, false, false]);
  // Pressed inside, released outside of the window, then a click that the page makes itself.
  click.press(field);
  expect(click.isBeside(dialog, dialog)).toBe(false);
});

it('takes a key that presses a button inside, after a right click beside, for what it is', () => {
  const click = new BackdropClick();
  click.press(dialog);
  click.release(dialog);
  expect(click.isBeside(dialog, field)).toBe(false);
  expect(click.isBeside(dialog, dialog)).toBe(false);
  click.press(dialog);
  click.release(dialog);
  click.forget();
  expect(click.isBeside(dialog, dialog)).toBe(false);
});

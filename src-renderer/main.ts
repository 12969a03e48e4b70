// Starts the page: first it is drawn as it came, then the app takes its place.
import { drawn, nameStyles, sayMissing } from './state/first-frame.ts';

nameStyles();
void drawn()
  .then(async () => import('./start.ts'))
  .catch(sayMissing);

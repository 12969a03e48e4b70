// Stands in the page itself: what is drawn before the app's script comes has the theme that was chosen.
import { applyTheme, rememberedTheme } from '../state/settings/settings-theme.ts';

applyTheme(rememberedTheme());

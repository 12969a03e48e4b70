// Finds out which face the page is in, connects to the engine, shows the app in the place of the page's first frame.
import { mount } from 'svelte';
import App from './App.svelte';
import { faceOfThisPage } from './state/face.ts';
import { applyTheme, rememberedTheme } from './state/settings/settings-theme.ts';
import './styles/tokens.css';
import './styles/base.css';

applyTheme(rememberedTheme());
const target = document.getElementById('app')!;
target.replaceChildren();
mount(App, { target, props: { face: faceOfThisPage() } });

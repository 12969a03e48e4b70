// Starts the page: finds out which face it is in, connects to the engine, shows the app.
import { mount } from 'svelte';
import App from './App.svelte';
import { faceOfThisPage } from './state/face.ts';
import { applyTheme, rememberedTheme } from './state/settings/settings-theme.ts';
import './styles/tokens.css';
import './styles/base.css';

applyTheme(rememberedTheme());
mount(App, { target: document.getElementById('app')!, props: { face: faceOfThisPage() } });

// The app over the fake engine: `/testing/?scenario=full&face=window#/explore`, `&theme=dark` for its look;
// `&rate=2400&steps=200000` for a run that trains faster and longer.
import { mount } from 'svelte';
import App from '../App.svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import { fakeFace } from './fake-face.ts';

const query = new URLSearchParams(location.search);
const theme = query.get('theme');
if (theme) document.documentElement.dataset['theme'] = theme;

mount(App, { target: document.getElementById('app')!, props: { face: fakeFace(query) } });

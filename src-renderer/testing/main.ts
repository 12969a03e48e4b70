// The app over the fake engine: `/testing/?scenario=full&face=window#/explore`, and `&theme=dark` for its look.
import { mount } from 'svelte';
import App from '../App.svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import { fakeFace } from './fake-face.ts';

const query = new URLSearchParams(location.search);
const theme = query.get('theme');
if (theme) document.documentElement.dataset['theme'] = theme;

mount(App, { target: document.getElementById('app')!, props: { face: fakeFace(query) } });

import './shared/styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { loadGlyphs } from '$shared/glyphs/index.svelte';
import { startLanguage } from '$shared/i18n';
import { startTheme } from '$shared/state/theme.svelte';

startTheme();
const glyphs = loadGlyphs().catch((error: unknown) => console.error(error)); // letters stand in for drawings
await startLanguage();
await glyphs;
mount(App, { target: document.getElementById('app')! });

/** The owners' page of a hub: the same components and words as the app, in a bundle of its own. */
import './shared/styles/base.css';
import { mount } from 'svelte';
import Owner from '$screens/owner/Owner.svelte';
import { startLanguage, useWords } from '$shared/i18n';
import { startTheme } from '$shared/state/theme.svelte';

startTheme();
await startLanguage();
await useWords('owner');
mount(Owner, { target: document.getElementById('app')! });

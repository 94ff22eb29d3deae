export { i18n, t, tIn, tMaybe, setLanguage, startLanguage, alsoSpeak, useOfficeWords, useSalesWords, useWords, type Bundle, type MessageKey } from './i18n.svelte';
export { LANGUAGES, LANGUAGE_NAMES, directionOf, isLanguage, type Language } from './languages';
export { inLanguage, secondName, type Named } from './names';

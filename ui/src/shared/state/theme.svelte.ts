/** Light or dark, per device: the system's choice unless this device was told otherwise. */
export type Theme = 'system' | 'light' | 'dark';

const media = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null;
const state = $state<{ choice: Theme; systemDark: boolean }>({ choice: 'system', systemDark: media?.matches ?? false });

export const theme = {
  get choice(): Theme {
    return state.choice;
  },
  get dark(): boolean {
    return state.choice === 'dark' || (state.choice === 'system' && state.systemDark);
  },
};

function apply(): void {
  document.documentElement.dataset.theme = theme.dark ? 'dark' : 'light';
}

export function setTheme(choice: Theme, remember = true): void {
  state.choice = choice;
  if (remember) {
    try {
      localStorage.setItem('chandi.theme', choice);
    } catch {
      // Shown now, forgotten at the next start.
    }
  }
  apply();
}

/** The look that the shop set for this counter, as long as nobody chose one on this device. */
export function followCounter(choice: Theme): void {
  let chosenHere = false;
  try {
    chosenHere = localStorage.getItem('chandi.theme') !== null;
  } catch {
    chosenHere = false;
  }
  if (!chosenHere) setTheme(choice, false);
}

export function startTheme(): void {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem('chandi.theme');
  } catch {
    saved = null;
  }
  state.choice = saved === 'light' || saved === 'dark' ? saved : 'system';
  media?.addEventListener('change', (event) => {
    state.systemDark = event.matches;
    apply();
  });
  apply();
}

/** Regions by their names: the shop's books keep codes, people read names. Read once; a code that is unknown stays a code. */
import { get, type Setup } from '$shared/api';
import { session } from '$shared/state/session.svelte';

interface Region {
  code: string;
  name: string;
}
const state = $state<{ list: Region[] }>({ list: [] });
let asked = false;

function read() {
  if (asked) return;
  asked = true;
  get<Setup>('/setup', undefined, { token: null }).then(
    (found) => (state.list = found.countries.find((one) => one.code === session.shop?.country)?.regions ?? []),
    () => (asked = false),
  );
}

export const regions = {
  /** All that can be chosen. */
  get list(): Region[] {
    read();
    return state.list;
  },
  /** For a choice: nothing first, and what stands there already, though it be no code. */
  options(now: string): { value: string; label: string }[] {
    const all = this.list.map((one) => ({ value: one.code, label: one.name }));
    const known = now === '' || all.some((one) => one.value === now);
    return [{ value: '', label: '–' }, ...(known ? [] : [{ value: now, label: now }]), ...all];
  },
  name(code: string | null | undefined): string {
    if (!code) return '';
    read();
    return state.list.find((one) => one.code === code)?.name ?? code;
  },
};

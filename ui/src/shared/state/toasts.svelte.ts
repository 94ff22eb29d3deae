/** Messages at the foot of the screen. One at a time: a new one takes the place of the old. */
import { explain, type Explained } from '$shared/api';

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** The way back, offered for ten seconds. */
  undo?: () => void;
  incident?: string | null;
}

let next = 1;
const state = $state<{ toast: Toast | null }>({ toast: null });

export const toasts = {
  get current(): Toast | null {
    return state.toast;
  },
};

export function say(text: string, undo?: () => void): number {
  state.toast = { id: next++, text, tone: 'plain', undo };
  return state.toast.id;
}

/** Says what went wrong and what to do; returns the explanation for screens that show it in place. */
export function sayError(error: unknown): Explained {
  const explained = explain(error);
  const text = explained.next ? `${explained.sentence} ${explained.next}` : explained.sentence;
  state.toast = { id: next++, text, tone: 'bad', incident: explained.incident };
  return explained;
}

export function hush(id?: number): void {
  if (id === undefined || state.toast?.id === id) state.toast = null;
}

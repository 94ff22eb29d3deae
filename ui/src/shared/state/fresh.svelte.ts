/** When the core wants a fresh code before it does something: one question for however many asked, and then they go on. */
import { whenCodeWanted } from '$shared/api';

let settle: ((shown: boolean) => void) | null = null;
let asked: Promise<boolean> | null = null;
const state = $state({ asking: false });

export const fresh = {
  get asking(): boolean {
    return state.asking;
  },
  /** A code was shown, or whoever was asked does not want to. */
  done(shown: boolean): void {
    state.asking = false;
    settle?.(shown);
    settle = null;
    asked = null;
  },
};

whenCodeWanted(() => {
  asked ??= new Promise((resolve) => {
    settle = resolve;
    state.asking = true;
  });
  return asked;
});

/** The monitors beside each other, as browsers that know them tell; drawn small for "Which is the customer's?". */

export interface Monitor {
  left: number;
  top: number;
  width: number;
  height: number;
  /** Where a window may stand. */
  availLeft: number;
  availTop: number;
  availWidth: number;
  availHeight: number;
  /** This page stands here. */
  here: boolean;
}

interface Detailed extends Omit<Monitor, 'here'> {
  isPrimary: boolean;
}
interface Screens {
  screens: Detailed[];
  currentScreen: Detailed;
}
type Knowing = Window & { getScreenDetails?: () => Promise<Screens> };

/** Is there more than one, and can this browser tell them apart? */
export function severalScreens(): boolean {
  return typeof (window as Knowing).getScreenDetails === 'function' && 'isExtended' in screen && screen.isExtended === true;
}

/** Asks for leave the first time; null when the person said no. */
export async function monitors(): Promise<Monitor[] | null> {
  try {
    const found = await (window as Knowing).getScreenDetails?.();
    if (!found) return null;
    const { screens, currentScreen } = found;
    return screens.map(({ left, top, width, height, availLeft, availTop, availWidth, availHeight }, index) => ({ left, top, width, height, availLeft, availTop, availWidth, availHeight, here: screens[index] === currentScreen }));
  } catch {
    return null;
  }
}

export interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Their arrangement within a box of 100 points' width, in per cent of it; never smaller than a finger can hit. */
export function arranged(list: readonly Pick<Monitor, 'left' | 'top' | 'width' | 'height'>[]): { places: Placed[]; height: number } {
  const left = Math.min(...list.map((one) => one.left));
  const top = Math.min(...list.map((one) => one.top));
  const right = Math.max(...list.map((one) => one.left + one.width));
  const bottom = Math.max(...list.map((one) => one.top + one.height));
  const scale = 100 / Math.max(1, right - left);
  return {
    places: list.map((one) => ({ x: (one.left - left) * scale, y: (one.top - top) * scale, width: one.width * scale, height: one.height * scale })),
    height: (bottom - top) * scale,
  };
}

/** The features of a window that fills a monitor. */
export function windowOn(one: Monitor): string {
  return `popup,left=${one.availLeft},top=${one.availTop},width=${one.availWidth},height=${one.availHeight}`;
}

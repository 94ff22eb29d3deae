/** The time of day for screens that show it, in the words of the reader. */
const state = $state({ now: Date.now() });
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Keeps `clock.now` moving while a component is shown; use it in an `$effect`. */
export function watchClock(): () => void {
  if (watchers++ === 0) {
    state.now = Date.now();
    timer = setInterval(() => (state.now = Date.now()), 1000);
  }
  return () => {
    if (--watchers === 0) clearInterval(timer);
  };
}

export const clock = {
  get now(): number {
    return state.now;
  },
};

const latin = (language: string) => `${language}-u-nu-latn`;

/** { time: "6:42", half: "pm" } in the language; `half` is empty where the day has 24 hours. */
export function timeParts(at: number, language: string, zone?: string): { time: string; half: string } {
  const parts = new Intl.DateTimeFormat(latin(language === 'en' ? 'en-IN' : language), { hour: 'numeric', minute: '2-digit', hour12: true, timeZone: zone }).formatToParts(at);
  const half = parts.find((part) => part.type === 'dayPeriod')?.value ?? '';
  const time = parts.filter((part) => part.type !== 'dayPeriod').map((part) => part.value).join('').trim();
  return { time, half };
}

export function timeText(at: number | string, language: string): string {
  const { time, half } = timeParts(new Date(at).getTime(), language);
  return half ? `${time} ${half}` : time;
}

/** The time alone when it was today, else the day too. */
export function whenText(at: number | string, language: string): string {
  return new Date(at).toDateString() === new Date(state.now).toDateString() ? timeText(at, language) : dateTimeText(at, language);
}

export function dayText(at: number | string, language: string): string {
  return new Intl.DateTimeFormat(latin(language === 'en' ? 'en-IN' : language), { weekday: 'long', day: 'numeric', month: 'short' }).format(new Date(at));
}

export function dateTimeText(at: number | string, language: string): string {
  return new Intl.DateTimeFormat(latin(language === 'en' ? 'en-IN' : language), { day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit', hour12: true }).format(new Date(at));
}

/** The business day that goes on at a branch, as "2026-11-21": after midnight it is yesterday's until the day begins. */
export function businessDay(at: number, zone: string, dayStartsAt: string): string {
  const [hours = 0, minutes = 0] = dayStartsAt.split(':').map(Number);
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at - (hours * 60 + minutes) * 60_000);
}

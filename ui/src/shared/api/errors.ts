/**
 * The one table from a code of the core to what a person reads: a sentence, a next step, a severity.
 * The sentences live with the other words under `error.<code>` and `error.<code>.next`.
 */
import { t, tMaybe, type MessageKey } from '$shared/i18n';
import { ApiError } from './client';

export type Severity = 'note' | 'warn' | 'bad';

export interface Explained {
  /** What happened, and what still works. */
  sentence: string;
  /** What to do next. */
  next: string | null;
  severity: Severity;
  /** Small and selectable, for the shop's helper. */
  incident: string | null;
}

const SEVERITY: Record<string, Severity> = {
  no_answer: 'bad',
  pin_wrong: 'warn',
  pin_wait: 'warn',
  second_factor_wrong: 'warn',
  approval_code_wrong: 'warn',
  second_factor_wait: 'warn',
  second_factor_clock: 'warn',
  full: 'bad',
  broken: 'bad',
};

export function waitSeconds(error: ApiError): number {
  const ms = Number(error.hints.wait_ms ?? 0);
  return Number.isFinite(ms) ? Math.ceil(ms / 1000) : 0;
}

export function explain(error: unknown): Explained {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return { sentence: t('error.broken'), next: t('error.broken.next'), severity: 'bad', incident: null };
  }
  const values: Record<string, string | number> = { seconds: waitSeconds(error), count: waitSeconds(error) };
  for (const [name, value] of Object.entries(error.hints)) {
    if (typeof value === 'string' || typeof value === 'number') values[name] = value;
  }
  // What is counted in minutes is counted by them.
  if (typeof error.hints.minutes === 'number') values.count = error.hints.minutes;
  const known = tMaybe(`error.${error.code}`, values);
  const kind = `error.${error.kind}` as MessageKey;
  return {
    sentence: known ?? t(kind, values),
    next: known ? tMaybe(`error.${error.code}.next`, values) : tMaybe(`${kind}.next`, values),
    severity: SEVERITY[error.code] ?? SEVERITY[error.kind] ?? 'warn',
    incident: error.incident,
  };
}

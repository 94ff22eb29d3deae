/** A verdict in the reader's words: the word, the line under it, and what to do next. */
import { explain } from '$shared/api';
import { t, tMaybe, type MessageKey } from '$shared/i18n';
import { formatMinor } from '$shared/money/money';
import { session } from '$shared/state/session.svelte';
import { timeText } from '$shared/state/clock.svelte';
import type { Verdict } from './verdict';

export interface VerdictWords {
  word: string;
  line: string | null;
  next: string | null;
}

export function wordsOf(verdict: Verdict, language: string): VerdictWords {
  if (verdict.kind === 'broken') {
    const told = explain(verdict.error);
    return { word: told.sentence, line: null, next: told.next };
  }
  const values = {
    number: verdict.number === null ? '' : String(verdict.number),
    count: verdict.kind === 'wait' ? verdict.seconds : verdict.count,
    counter: verdict.counter ?? '',
    staff: verdict.staff ?? '',
    amount: formatMinor(verdict.due_minor, session.currency),
  };
  const word = verdict.kind === 'held' && !verdict.counter ? t('verdict.held.somewhere') : t(`verdict.${verdict.kind}` as MessageKey, values);
  const when = [verdict.at ? timeText(verdict.at, language) : null, verdict.staff].filter(Boolean).join(', ');
  const about = ['collected', 'held', 'refunded', 'cancelled'].includes(verdict.kind);
  const order = about && verdict.number !== null ? t('order.title', { number: String(verdict.number) }) : null;
  return {
    word,
    line: about ? [order, when].filter(Boolean).join(' · ') || null : tMaybe(`verdict.${verdict.kind}.line`, values),
    next: tMaybe(`verdict.${verdict.kind}.next`, values),
  };
}

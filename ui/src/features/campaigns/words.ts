/** Words for groups and letters of campaigns. */
import type { Campaign, CampaignCount, CampaignGroup } from '$shared/api';
import { LANGUAGE_NAMES, isLanguage, t, tMaybe } from '$shared/i18n';
import { formatMinor } from '$shared/money/money';
import { session } from '$shared/state/session.svelte';
import { segmentWord, typeWord } from '$features/customers/words';
import type { Segment } from '$shared/api';

export const LETTER_STATES = ['waiting', 'sent', 'failed', 'withdrawn', 'discarded', 'elsewhere'] as const;
export const DAYS = [30, 90, 180, 365] as const;

export const stateWord = (state: string): string => tMaybe(`campaigns.state.${state}`) ?? state;
export const leftOutWord = (why: string): string => tMaybe(`campaigns.left.${why}`) ?? why;
export const stateTone = (state: string): 'plain' | 'go' | 'warn' | 'bad' => (state === 'sent' ? 'go' : state === 'failed' ? 'bad' : state === 'waiting' ? 'warn' : 'plain');
export const howMany = (counts: CampaignCount[], what: string): number => counts.find((one) => one.what === what)?.count ?? 0;
export const languageName = (language: string): string => (isLanguage(language) ? LANGUAGE_NAMES[language] : language);

/** "Wholesale · Pune · nothing bought for 90 days" */
export function groupText(group: CampaignGroup, levelName: (key: string) => string): string {
  const parts = [
    group.type && typeWord(group.type),
    group.segment && segmentWord(group.segment as Segment),
    group.level && levelName(group.level),
    group.language && languageName(group.language),
    group.town,
    group.bought_days && t('campaigns.group.bought', { count: group.bought_days }),
    group.absent_days && t('campaigns.group.absent', { count: group.absent_days }),
    group.spent_from_minor && (group.spent_days ? t('campaigns.group.spentIn', { amount: formatMinor(group.spent_from_minor, session.currency), count: group.spent_days }) : t('campaigns.group.spent', { amount: formatMinor(group.spent_from_minor, session.currency) })),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(' · ') : t('campaigns.group.all');
}

/** How far a campaign is, in a few words. */
export function progressText(campaign: Campaign): string {
  const parts = LETTER_STATES.map((state) => [state, howMany(campaign.states, state)] as const).filter(([, count]) => count > 0);
  return parts.map(([state, count]) => `${stateWord(state)} ${count}`).join(' · ');
}

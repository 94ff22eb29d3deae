/**
 * The words of the product. `t('key', { count: 3 })` is reactive: changing the language redraws what used it.
 * Each language is a file of its own, loaded when it is first spoken. Parts of the product bring their own words:
 * a folder of `messages` with a file for each language, asked for by `useWords` before what needs them draws.
 */
import type enWords from '$messages/en.json';
import type enAnomaliesWords from '$messages/anomalies/en.json';
import type enAsksWords from '$messages/asks/en.json';
import type enBackupsWords from '$messages/backups/en.json';
import type enBranchesWords from '$messages/branches/en.json';
import type enCampaignsWords from '$messages/campaigns/en.json';
import type enCatalogWords from '$messages/catalog/en.json';
import type enCustomersWords from '$messages/customers/en.json';
import type enInstalmentWords from '$messages/instalments/en.json';
import type enInvoicesWords from '$messages/invoices/en.json';
import type enLeadWords from '$messages/lead/en.json';
import type enJoiningWords from '$messages/joining/en.json';
import type enLinksWords from '$messages/links/en.json';
import type enOfficeWords from '$messages/office/en.json';
import type enOnlineWords from '$messages/online/en.json';
import type enOwnerWords from '$messages/owner/en.json';
import type enPaymentsWords from '$messages/payments/en.json';
import type enPickWords from '$messages/pick/en.json';
import type enProgramsWords from '$messages/programs/en.json';
import type enReturnsWords from '$messages/returns/en.json';
import type enSecondFactorWords from '$messages/secondFactor/en.json';
import type enSalesWords from '$messages/sales/en.json';
import type enSharingWords from '$messages/sharing/en.json';
import type enShiftsWords from '$messages/shifts/en.json';
import type enShutOutWords from '$messages/shutout/en.json';
import type enSyncWords from '$messages/sync/en.json';
import type enTaxesWords from '$messages/taxes/en.json';
import type enTenderWords from '$messages/tenders/en.json';
import { formatMessage, type Messages, type Values } from './format';
import { directionOf, guessLanguage, isLanguage, type Language } from './languages';

/** The folders of `messages`, and what their keys are. */
interface Bundles {
  anomalies: typeof enAnomaliesWords;
  asks: typeof enAsksWords;
  backups: typeof enBackupsWords;
  branches: typeof enBranchesWords;
  campaigns: typeof enCampaignsWords;
  catalog: typeof enCatalogWords;
  customers: typeof enCustomersWords;
  instalments: typeof enInstalmentWords;
  invoices: typeof enInvoicesWords;
  lead: typeof enLeadWords;
  joining: typeof enJoiningWords;
  links: typeof enLinksWords;
  office: typeof enOfficeWords;
  online: typeof enOnlineWords;
  owner: typeof enOwnerWords;
  payments: typeof enPaymentsWords;
  pick: typeof enPickWords;
  programs: typeof enProgramsWords;
  returns: typeof enReturnsWords;
  sales: typeof enSalesWords;
  secondFactor: typeof enSecondFactorWords;
  sharing: typeof enSharingWords;
  shifts: typeof enShiftsWords;
  shutout: typeof enShutOutWords;
  sync: typeof enSyncWords;
  taxes: typeof enTaxesWords;
  tenders: typeof enTenderWords;
}
export type Bundle = keyof Bundles;
export type MessageKey = keyof typeof enWords | { [Name in Bundle]: keyof Bundles[Name] }[Bundle];

type Loader = () => Promise<{ default: unknown }>;
const files = import.meta.glob<{ default: unknown }>('../../../messages/**/*.json');

function fileOf(bundle: Bundle | null, language: Language): Loader {
  const path = `../../../messages/${bundle ? `${bundle}/` : ''}${language}.json`;
  const file = files[path];
  if (!file) throw new Error(`there are no words in ${path}`);
  return file;
}

/** Those in use; null is the till's own. */
const sets: (Bundle | null)[] = [null];
const words = $state<Record<Language, Messages>>({ en: {}, hi: {}, ar: {} });
const loaded = new Map<string, Promise<void>>();
const current = $state<{ language: Language }>({ language: 'en' });

async function load(language: Language): Promise<void> {
  await Promise.all(
    sets.map((bundle) => {
      const name = `${language}/${bundle ?? ''}`;
      let loading = loaded.get(name);
      if (!loading) {
        loading = fileOf(bundle, language)().then((file) => {
          words[language] = { ...words[language], ...(file.default as Messages) };
        });
        loading.catch(() => loaded.delete(name));
        loaded.set(name, loading);
      }
      return loading;
    }),
  );
}

export const i18n = {
  get language(): Language {
    return current.language;
  },
  get direction(): 'ltr' | 'rtl' {
    return directionOf(current.language);
  },
};

/** Speaks another language on this page, and remembers it on this device unless told not to. */
export async function setLanguage(language: Language, remember = true): Promise<void> {
  await load(language);
  current.language = language;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  if (remember) {
    try {
      localStorage.setItem('chandi.language', language);
    } catch {
      // A browser without storage still speaks; it only forgets.
    }
  }
}

/** The language this device spoke last, else the system's. */
export async function startLanguage(): Promise<void> {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem('chandi.language');
  } catch {
    saved = null;
  }
  await setLanguage(isLanguage(saved) ? saved : guessLanguage(navigator.languages), false);
}

/** Loads a second language beside the current one, for screens that show two. */
export async function alsoSpeak(language: Language): Promise<void> {
  await load(language);
}

/** Adds the words of a part of the product, in the language of the page and in every one it changes to. */
export async function useWords(...bundles: Bundle[]): Promise<void> {
  for (const bundle of bundles) if (!sets.includes(bundle)) sets.push(bundle);
  await load(current.language);
}

/** Adds the words of back office and onboarding; their screens await this before they draw. */
export const useOfficeWords = (): Promise<void> => useWords('office');

/** Adds the words of the sales counter, the refund desk and the board in the hall. */
export const useSalesWords = (): Promise<void> => useWords('sales');

/** The sentence for a key in the current language. */
export function t(key: MessageKey, values?: Values): string {
  return tIn(current.language, key, values);
}

/** The sentence for a key in a named language (loaded by `alsoSpeak`). */
export function tIn(language: Language, key: MessageKey, values?: Values): string {
  const message = words[language][key] ?? words.en[key];
  return message === undefined ? key : formatMessage(language, message, values);
}

/** The same for keys that are put together at run time; null when there is no such message. */
export function tMaybe(key: string, values?: Values): string | null {
  const message = words[current.language][key];
  return message === undefined ? null : formatMessage(current.language, message, values);
}

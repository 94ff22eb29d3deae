/** How the shop takes money, in its own order; read once, and again when somebody changes a setting. */
import { get, type PayMethod, type TenderMethod } from '$shared/api';
import { t, type MessageKey } from '$shared/i18n';
import { inOrder, onLive, onResync } from '$shared/live';
import Swap from '@lucide/svelte/icons/arrow-left-right';
import Banknote from '@lucide/svelte/icons/banknote';
import BookUser from '@lucide/svelte/icons/book-user';
import CreditCard from '@lucide/svelte/icons/credit-card';
import Gift from '@lucide/svelte/icons/gift';
import Landmark from '@lucide/svelte/icons/landmark';
import QrCode from '@lucide/svelte/icons/qr-code';
import Ticket from '@lucide/svelte/icons/ticket';
import Wallet from '@lucide/svelte/icons/wallet';
import type { Component } from 'svelte';

const CASH: PayMethod = { method: 'cash', needs: [], digits_above_minor: 0, opens_drawer: true, shows_code: false };
const state = $state<{ list: PayMethod[] }>({ list: [CASH] });

export const methods = {
  get list(): PayMethod[] {
    return state.list;
  },
  /** The one that most people pay with. */
  get first(): PayMethod {
    return state.list[0] ?? CASH;
  },
  of(method: TenderMethod): PayMethod | undefined {
    return state.list.find((one) => one.method === method);
  },
};

/** Follows the shop's ways to pay; call what it returns to stop. */
export function followMethods(): () => void {
  const asked = inOrder();
  const read = () => {
    const counts = asked();
    void get<PayMethod[]>('/tenders/methods').then(
      (list) => void (counts() && (state.list = list.length > 0 ? list : [CASH])),
      // Cash always works; the rest comes with the next resync.
      () => undefined,
    );
  };
  read();
  const stops = [onLive('setting', read), onResync(read)];
  return () => stops.forEach((stop) => stop());
}

export const METHOD_ICONS: Record<TenderMethod, Component<{ class?: string }>> = {
  cash: Banknote,
  card: CreditCard,
  upi: QrCode,
  wallet: Wallet,
  bank: Landmark,
  account: BookUser,
  store_credit: Ticket,
  gift_card: Gift,
  exchange: Swap,
};

/** In the language of the screen. */
export function methodName(method: TenderMethod): string {
  return t(`tender.${method}` as MessageKey);
}

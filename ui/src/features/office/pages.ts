/** The pages of the back office that exist, and who may see them. */
import type { Component } from 'svelte';
import House from '@lucide/svelte/icons/house';
import Receipt from '@lucide/svelte/icons/receipt-text';
import Vault from '@lucide/svelte/icons/vault';
import Grid from '@lucide/svelte/icons/layout-grid';
import Tags from '@lucide/svelte/icons/tags';
import Badge from '@lucide/svelte/icons/id-card';
import CreditCard from '@lucide/svelte/icons/credit-card';
import Gift from '@lucide/svelte/icons/gift';
import Landmark from '@lucide/svelte/icons/landmark';
import HandCoins from '@lucide/svelte/icons/hand-coins';
import Monitor from '@lucide/svelte/icons/monitor';
import Scroll from '@lucide/svelte/icons/scroll-text';
import Users from '@lucide/svelte/icons/users';
import Plug from '@lucide/svelte/icons/plug';
import Percent from '@lucide/svelte/icons/percent';
import FileText from '@lucide/svelte/icons/file-text';
import FilePen from '@lucide/svelte/icons/file-pen-line';
import Mail from '@lucide/svelte/icons/mail';
import Gear from '@lucide/svelte/icons/settings';

export interface Page {
  name:
    | 'today'
    | 'orders'
    | 'money'
    | 'invoices'
    | 'quotations'
    | 'mail'
    | 'products'
    | 'categories'
    | 'payments'
    | 'cards'
    | 'rates'
    | 'tips'
    | 'customers'
    | 'staff'
    | 'sessions'
    | 'taxes'
    | 'receipts'
    | 'devices'
    | 'settings';
  needs: string;
  icon: Component<{ class?: string }>;
}

export const PAGES: Page[] = [
  { name: 'today', needs: 'report.read', icon: House },
  { name: 'orders', needs: 'order.read', icon: Receipt },
  { name: 'money', needs: 'report.read', icon: Vault },
  { name: 'invoices', needs: 'order.read', icon: FileText },
  { name: 'quotations', needs: 'quotation.make', icon: FilePen },
  { name: 'mail', needs: 'mail.send', icon: Mail },
  { name: 'products', needs: 'catalog.read', icon: Grid },
  { name: 'categories', needs: 'catalog.read', icon: Tags },
  { name: 'payments', needs: 'payment.read', icon: CreditCard },
  { name: 'cards', needs: 'card.read', icon: Gift },
  { name: 'rates', needs: 'rate.change', icon: Landmark },
  { name: 'tips', needs: 'tip.pay_out', icon: HandCoins },
  { name: 'customers', needs: 'customer.read', icon: Users },
  { name: 'staff', needs: 'staff.read', icon: Badge },
  { name: 'sessions', needs: 'session.list', icon: Monitor },
  { name: 'taxes', needs: 'setting.read', icon: Percent },
  { name: 'receipts', needs: 'setting.read', icon: Scroll },
  { name: 'devices', needs: 'device.change', icon: Plug },
  { name: 'settings', needs: 'setting.read', icon: Gear },
];

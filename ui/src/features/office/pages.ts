/** The pages of the back office that exist, and who may see them. */
import type { Component } from 'svelte';
import { t, tMaybe, type MessageKey } from '$shared/i18n';
import House from '@lucide/svelte/icons/house';
import Inbox from '@lucide/svelte/icons/inbox';
import Receipt from '@lucide/svelte/icons/receipt-text';
import Vault from '@lucide/svelte/icons/vault';
import Monitor from '@lucide/svelte/icons/monitor-smartphone';
import Grid from '@lucide/svelte/icons/layout-grid';
import Badge from '@lucide/svelte/icons/id-card';
import Users from '@lucide/svelte/icons/users';
import Gear from '@lucide/svelte/icons/settings';

export interface Page {
  name:
    | 'today'
    | 'orders'
    | 'money'
    | 'invoices'
    | 'quotations'
    | 'mail'
    | 'programs'
    | 'products'
    | 'categories'
    | 'payments'
    | 'cards'
    | 'rates'
    | 'tips'
    | 'customers'
    | 'campaigns'
    | 'staff'
    | 'sessions'
    | 'attention'
    | 'taxes'
    | 'receipts'
    | 'devices'
    | 'online'
    | 'sharing'
    | 'backups'
    | 'branches'
    | 'settings';
  /** One of several lists under the same name. */
  part?: string;
  needs: string;
}

/** What the rail shows: a section is named by its first page, and its pages stand as tabs over each other. */
export interface Section {
  name: Page['name'];
  icon: Component<{ class?: string }>;
  pages: Page[];
}

export const SECTIONS: Section[] = [
  { name: 'today', icon: House, pages: [{ name: 'today', needs: 'report.read' }] },
  {
    name: 'orders',
    icon: Receipt,
    pages: [
      { name: 'orders', needs: 'order.read' },
      { name: 'invoices', needs: 'customer.read' },
      { name: 'quotations', needs: 'quotation.make' },
    ],
  },
  {
    name: 'products',
    icon: Grid,
    pages: [
      { name: 'products', needs: 'catalog.read' },
      { name: 'categories', needs: 'catalog.read' },
    ],
  },
  {
    name: 'customers',
    icon: Users,
    pages: [
      { name: 'customers', needs: 'customer.read' },
      { name: 'campaigns', needs: 'campaign.send' },
      { name: 'cards', needs: 'card.read' },
    ],
  },
  {
    name: 'staff',
    icon: Badge,
    pages: [
      { name: 'staff', needs: 'staff.read' },
      { name: 'sessions', needs: 'session.list' },
      { name: 'tips', needs: 'tip.pay_out' },
    ],
  },
  {
    name: 'money',
    icon: Vault,
    pages: [
      { name: 'money', needs: 'report.read' },
      { name: 'money', part: 'z', needs: 'report.read' },
      { name: 'money', part: 'reconcile', needs: 'report.read' },
      { name: 'payments', needs: 'payment.read' },
      { name: 'rates', needs: 'rate.change' },
      { name: 'taxes', needs: 'setting.read' },
    ],
  },
  {
    name: 'attention',
    icon: Inbox,
    pages: [
      { name: 'attention', needs: 'report.read' },
      { name: 'attention', part: 'settled', needs: 'report.read' },
      { name: 'attention', part: 'aside', needs: 'report.read' },
    ],
  },
  {
    name: 'devices',
    icon: Monitor,
    pages: [
      { name: 'devices', needs: 'device.change' },
      { name: 'devices', part: 'shop', needs: 'device.change' },
      { name: 'devices', part: 'links', needs: 'device.manage' },
      { name: 'sharing', needs: 'device.change' },
      { name: 'online', needs: 'device.change' },
      { name: 'backups', needs: 'backup.make' },
    ],
  },
  {
    name: 'settings',
    icon: Gear,
    pages: [
      { name: 'settings', needs: 'setting.read' },
      { name: 'receipts', needs: 'setting.read' },
      { name: 'branches', needs: 'branch.manage' },
      { name: 'mail', needs: 'mail.send' },
      { name: 'programs', needs: 'program.manage' },
    ],
  },
];

export const PAGES: Page[] = SECTIONS.flatMap((section) => section.pages);

/** Where a page is, and what it is called in a row of tabs. */
export const pathOf = ({ name, part }: Page) => (part ? `/office/${name}/${part}` : `/office/${name}`);
export const wordOf = ({ name, part }: Page) => tMaybe(part ? `office.tab.${name}.${part}` : `office.tab.${name}`) ?? t(`office.${name}` as MessageKey);

/** The section that a page stands in, with the pages of it that may be seen. */
export function sectionOf(page: Page['name'], may: (permission: string) => boolean): Section | undefined {
  const section = SECTIONS.find((one) => one.pages.some(({ name }) => name === page));
  return section && { ...section, pages: section.pages.filter(({ needs }) => may(needs)) };
}

import { useWords } from '$shared/i18n';

/** With the words of prices, payments and instalments, which no other screen needs at once. */
const worded = <Sheet>(load: () => Promise<Sheet>) => (): Promise<Sheet> => Promise.all([load(), useWords('tenders', 'instalments')]).then(([sheet]) => sheet);

/** The sheets of the till, each loaded when it is first needed, and all of them once the till has nothing else to do. */
export const sheets = {
  approve: () => import('./ApproveDialog.svelte'),
  bill: worded(() => import('./BillSheet.svelte')),
  changePayment: worded(() => import('$features/tenders/ChangePayment.svelte')),
  customer: () => import('$features/customers/PickCustomer.svelte'),
  discount: () => import('./DiscountSheet.svelte'),
  drawer: () => import('$features/printing/DrawerSheet.svelte'),
  line: worded(() => import('./LineSheet.svelte')),
  menu: () => import('./MenuSheet.svelte'),
  options: worded(() => import('./OptionsSheet.svelte')),
  openPrice: () => import('./OpenPriceSheet.svelte'),
  order: () => import('./OrderSheet.svelte'),
  pay: worded(() => import('$features/tenders/PaySheet.svelte')),
  price: worded(() => import('./PriceSheet.svelte')),
  parked: () => import('./ParkedSheet.svelte'),
  phone: () => import('./PhoneSheet.svelte'),
  shift: () => import('$features/shifts/ShiftSheet.svelte'),
  quantity: () => import('./QuantitySheet.svelte'),
  token: () => import('./TokenSheet.svelte'),
  terms: worded(() => import('./CustomerSheet.svelte')),
  tools: () => import('./ToolsSheet.svelte'),
};

/** So that the first tap on anything is as quick as the second. Call what it returns to stop. */
export function warmSheets(): () => void {
  const rest = Object.values(sheets);
  let timer: ReturnType<typeof setTimeout>;
  const next = () => {
    const load = rest.shift();
    // What does not come now is asked for again when it is opened, and missed in words then.
    if (load) void load().then(() => (timer = setTimeout(next, 50)), () => undefined);
  };
  timer = setTimeout(next, 1500);
  return () => {
    rest.length = 0;
    clearTimeout(timer);
  };
}

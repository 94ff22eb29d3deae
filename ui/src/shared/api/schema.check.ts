/**
 * The shapes of `schema.ts`, held against what the core says of itself (`generated.ts`, written by `./dev types`).
 * Nothing here runs: where the page reads a field that is not sent, or not so, the type check fails and names it.
 */
import type { components } from './generated';
import type * as Safe from './backups';
import type * as Campaign from './campaigns';
import type * as Goods from './catalog';
import type * as Customer from './customers';
import type * as Device from './devices';
import type * as Paper from './invoices';
import type * as Online from './hub';
import type * as Leading from './lead';
import type * as Linked from './links';
import type * as Page from './schema';
import type * as Network from './sharing';
import type * as Program from './programs';
import type * as Factor from './second-factor';
import type * as Drawer from './shifts';
import type * as Out from './shut-out';
import type * as Tax from './taxes';

type Core = components['schemas'];

/** Same fields, same kinds of value: which strings are allowed, and whether null is, may be told more closely by the page. */
type Shape<T> = [T] extends [never]
  ? never
  : T extends string
    ? string
    : T extends number
      ? number
      : T extends boolean
        ? boolean
        : T extends null | undefined
          ? never
          : T extends readonly (infer Item)[]
            ? Shape<Item>[]
            : string extends keyof T
              ? Record<string, unknown>
              : { [Key in keyof T]-?: Shape<T[Key]> };

/** What the page reads and the core does not send so. */
type Wrong<Sent, Read> = {
  [Key in keyof Read as Key extends keyof Sent
    ? [Shape<Sent[Key]>] extends [Shape<Read[Key]>]
      ? never
      : Key
    : Key]: Key extends keyof Sent ? { sent: Sent[Key]; read: Read[Key] } : 'not sent by the core';
};

type Same<Sent, Read> = keyof Wrong<Sent, Read> extends never ? true : Wrong<Sent, Read>;
type Held<_Answer extends true> = true;

export type Checks = [
  Held<Same<Core['Health'], Page.Health>>,
  Held<Same<Core['SetupView'], Page.Setup>>,
  Held<Same<Core['LockView'], Page.Lock>>,
  Held<Same<Core['SecondFactorView'], Factor.SecondFactor>>,
  Held<Same<Core['SecondFactorOffer'], Factor.SecondFactorOffer>>,
  Held<Same<Core['RecoveryCodes'], Factor.RecoveryCodes>>,
  Held<Same<Core['LeadView'], Leading.Lead>>,
  Held<Same<Core['LeadDevice'], Leading.LeadDevice>>,
  Held<Same<Core['DeviceLinkList'], Linked.DeviceLinks>>,
  Held<Same<Core['DeviceLinkView'], Linked.DeviceLink>>,
  Held<Same<Core['MadeDeviceLink'], Linked.MadeDeviceLink>>,
  Held<Same<Core['OpenedDeviceLink'], Linked.OpenedLink>>,
  Held<Same<Core['PickView'], Linked.OpenOrders>>,
  Held<Same<Core['PickOrder'], Linked.PickOrder>>,
  Held<Same<Core['PickLine'], Linked.PickLine>>,
  Held<Same<Core['SharedCartsView'], Leading.CartsElsewhere>>,
  Held<Same<Core['SharedCartView'], Leading.CartElsewhere>>,
  Held<Same<Core['BackupsView'], Safe.Backups>>,
  Held<Same<Core['RecoveryCardView'], Safe.RecoveryCard>>,
  Held<Same<Core['FolderView'], Safe.FolderOf>>,
  Held<Same<Core['BackupLook'], Safe.BackupLook>>,
  Held<Same<Core['HubBackups'], Safe.HubBackups>>,
  Held<Same<Core['RestoreView'], Safe.RestoreState>>,
  Held<Same<Core['ShopRestored'], Safe.ShopRestored>>,
  Held<Same<Core['ForgetView'], Safe.Forgetting>>,
  Held<Same<Core['ShutOutView'], Out.ShutOut>>,
  Held<Same<Core['SignedIn'], Page.Session>>,
  Held<Same<Core['SessionView'], Page.SessionRow>>,
  Held<Same<Core['ProductView'], Page.Product>>,
  Held<Same<Core['CategoryView'], Page.Category>>,
  Held<Same<Core['BranchView'], Page.Branch>>,
  Held<Same<Core['CatalogView'], Page.Catalog>>,
  Held<Same<Core['PricesView'], Goods.Prices>>,
  Held<Same<Core['LevelView'], Goods.PriceLevel>>,
  Held<Same<Core['BrandView'], Goods.Brand>>,
  Held<Same<Core['ModifierGroupView'], Goods.ExtraGroup>>,
  Held<Same<Core['ChoicesView'], Goods.GoodsChoices>>,
  Held<Same<Core['ChoicesView'], Page.Choices>>,
  Held<Same<Core['Imported'], Goods.ImportOutcome>>,
  Held<Same<Core['RunView'], Goods.CatalogRun>>,
  Held<Same<Core['TenderView'], Page.Tender>>,
  Held<Same<Core['MethodView'], Page.PayMethod>>,
  Held<Same<Core['OfferView'], Page.Offer>>,
  Held<Same<Core['DiscountForm'], Page.Discount>>,
  Held<Same<Core['CartLineView'], Page.CartLine>>,
  Held<Same<Core['CartView'], Page.Cart>>,
  Held<Same<Core['OrderLineView'], Page.OrderLine>>,
  Held<Same<Core['OrderView'], Page.Order>>,
  Held<Same<Core['DisplayView'], Page.Display>>,
  Held<Same<Core['AskView'], Page.GuestAsk>>,
  Held<Same<Core['ClaimView'], Page.Claim>>,
  Held<Same<Core['EventView'], Page.HistoryEntry>>,
  Held<Same<Core['CreditNoteView'], Page.CreditNote>>,
  Held<Same<Core['TokenLineView'], Page.TokenLine>>,
  Held<Same<Core['Candidate'], Page.Candidate>>,
  Held<Same<Core['MarksView'], Page.Marked>>,
  Held<Same<Core['RecentHandover'], Page.RecentHandover>>,
  Held<Same<Core['RefundPreview'], Page.RefundPreview>>,
  Held<Same<Core['BoardView'], Page.Board>>,
  Held<Same<Core['TimesView'], Page.Times>>,
  Held<Same<Core['StaffView'], Page.Staff>>,
  Held<Same<Core['SettingView'], Page.Setting>>,
  Held<Same<Core['TodayView'], Page.Today>>,
  Held<Same<Core['CustomerBrief'], Customer.CustomerBrief>>,
  Held<Same<Core['CustomerView'], Customer.CustomerProfile>>,
  Held<Same<Core['CampaignView'], Campaign.Campaign>>,
  Held<Same<Core['CampaignPreview'], Campaign.CampaignPreview>>,
  Held<Same<Core['CampaignLetterView'], Campaign.CampaignLetter>>,
  Held<Same<Core['ApiKeyList'], Program.ApiKeyList>>,
  Held<Same<Core['MadeApiKey'], Program.MadeApiKey>>,
  Held<Same<Core['MadeWebhook'], Program.MadeWebhook>>,
  Held<Same<Core['DeliveryView'], Program.WebhookDelivery>>,
  Held<Same<Core['EventType'], Program.EventType>>,
  Held<Same<Core['InvoiceView'], Paper.Invoice>>,
  Held<Same<Core['InvoiceWhole'], Paper.InvoiceWhole>>,
  Held<Same<Core['QuotationView'], Paper.Quotation>>,
  Held<Same<Core['QuotationWhole'], Paper.QuotationWhole>>,
  Held<Same<Core['MailView'], Paper.MailLetter>>,
  Held<Same<Core['MailServerView'], Paper.MailServerState>>,
  Held<Same<Core['MailTested'], Paper.MailTested>>,
  Held<Same<Core['AccountView'], Customer.Account>>,
  Held<Same<Core['AgeingList'], Customer.AgeingList>>,
  Held<Same<Core['PaymentReceipt'], Customer.PaymentReceipt>>,
  Held<Same<Core['StatementView'], Customer.Statement>>,
  Held<Same<Core['TaxesView'], Tax.Taxes>>,
  Held<Same<Core['TaxClassVersion'], Tax.TaxClassVersion>>,
  Held<Same<Core['TriedTaxes'], Tax.TriedTaxes>>,
  Held<Same<Core['TaxIdentityView'], Tax.TaxIdentity>>,
  Held<Same<Core['GstinView'], Tax.GstinChecked>>,
  Held<Same<Core['TaxReportView'], Tax.TaxReport>>,
  Held<Same<Core['Gstr1View'], Tax.Gstr1>>,
  Held<Same<Core['HubView'], Online.HubState>>,
  Held<Same<Core['SharingView'], Network.Sharing>>,
  Held<Same<Core['HubLoginView'], Online.HubLogin>>,
  Held<Same<Core['DevicesView'], Device.DeviceStatus>>,
  Held<Same<Core['PrinterView'], Device.Printer>>,
  Held<Same<Core['PrinterElsewhere'], Device.PrinterElsewhere>>,
  Held<Same<Core['FindView'], Device.PrinterFind>>,
  Held<Same<Core['LooksView'], Device.Looked>>,
  Held<Same<Core['JobView'], Device.PrintJob>>,
  Held<Same<Core['DrawerView'], Device.DrawerOpening>>,
  Held<Same<Core['CurrentShift'], Drawer.CurrentShift>>,
  Held<Same<Core['ShiftView'], Drawer.Shift>>,
  Held<Same<Core['ShiftDetail'], Drawer.ShiftDetail>>,
  Held<Same<Core['ReportView'], Drawer.ShiftReport>>,
  Held<Same<Core['CountSums'], Drawer.CountSums>>,
  Held<Same<Core['ReconciliationView'], Drawer.Reconciliation>>,
  Held<Same<Core['BatchView'], Drawer.Batch>>,
  Held<Same<Core['ScannerCodes'], Device.ScannerCodes>>,
];

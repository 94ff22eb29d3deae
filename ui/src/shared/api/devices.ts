/** The shapes of devices and printing, as the screens read them. */
import type { Approval, Id } from './schema';

export type Light = 'ready' | 'check' | 'off';
/** `device`: a printer of another device of the branch. */
export type Driver = 'network' | 'usb' | 'serial' | 'spooler' | 'file' | 'device';
export type PrinterJob = 'receipt' | 'kitchen' | 'label' | 'report';
export type Cut = 'none' | 'partial' | 'full';

/** Why a printer or a job stands still; the words are `print.why.*`. */
export type PrintWhy =
  | 'paper_out'
  | 'paper_low'
  | 'cover_open'
  | 'offline'
  | 'unreachable'
  | 'refused'
  | 'busy'
  | 'not_allowed'
  | 'timeout'
  | 'half_sent'
  | 'no_answer'
  | 'power_cut'
  | 'device_silent'
  | 'printer_error'
  | 'no_printer'
  | 'cannot_draw';

export interface PrinterProfile {
  paper_mm: number;
  dots: number;
  letters: 'raster' | 'code_page';
  code_page: string;
  cut: Cut;
  feed_lines: number;
  drawer_pin: number;
  drawer_on_ms: number;
  drawer_off_ms: number;
  /** Null: nobody knows yet. */
  tells_state: boolean | null;
  speaks: 'escpos' | 'pdf';
}

export interface Printer {
  id: Id;
  name: string;
  driver: Driver;
  address: string;
  profile: PrinterProfile;
  jobs: PrinterJob[];
  fallback: Id | null;
  light: Light;
  why: PrintWhy | null;
  queued: number;
  last_used: string | null;
  /** A cash drawer hangs on it. */
  drawer: boolean;
  /** The till of the other device on which it hangs. */
  till: string | null;
}

/** A printer of another device, as it can be added here. */
export interface PrinterElsewhere {
  till: string;
  name: string;
  address: string;
  light: Light;
  why: PrintWhy | null;
  known: Id | null;
}

export interface PrinterFind {
  running: boolean;
  ways: { way: string; state: 'running' | 'done' | 'failed'; why: string | null }[];
  found: FoundPrinter[];
}

export interface FoundPrinter {
  way: string;
  driver: Driver;
  address: string;
  name: string;
  /** The printer that it is already. */
  known: Id | null;
}

export type Look = 'right' | 'too_wide' | 'too_narrow' | 'garbage' | 'wrong_letters' | 'not_cut' | 'nothing' | 'drawer_shut';

export interface Looked {
  printer: Printer;
  /** `help`: nothing is left to try by itself. */
  next: 'done' | 'test' | 'help';
  changed: string[];
}

export type PrintKind = 'receipt' | 'credit_note' | 'token' | 'test' | 'drawer' | 'scanner';
export type PrintState = 'queued' | 'printing' | 'printed' | 'unsure' | 'failed' | 'discarded';
export type PrintAction = 'retry' | 'other' | 'came_out' | 'not_out' | 'discard';

export interface PrintJob {
  id: Id;
  printer: { id: Id; name: string } | null;
  kind: PrintKind;
  order: Id | null;
  number: number | null;
  document: string | null;
  /** 2 and more say COPY on the paper. */
  copy: number;
  state: PrintState;
  why: PrintWhy | null;
  attempts: number;
  next_try_at: string | null;
  created_at: string;
  changed_at: string;
  staff: { id: Id; name: string } | null;
  /** The till of another device whose paper this is. */
  for_till: string | null;
  /** The till of another device at whose printer it is to come out. */
  at_till: string | null;
  actions: PrintAction[];
}

export interface DeviceLight {
  id: Id;
  kind: 'printer' | 'drawer' | 'camera';
  name: string;
  light: Light;
  why: string | null;
  queued: number;
  last_used: string | null;
}

export interface DeviceStatus {
  lights: DeviceLight[];
  problems: PrintJob[];
}

export interface DrawerOpen {
  id: Id;
  reason: string;
  approval?: Approval;
}

export interface DrawerOpening {
  id: Id;
  opened_at: string;
  reason: string;
  staff: { id: Id; name: string } | null;
  approved_by: { id: Id; name: string } | null;
  job: PrintJob | null;
}

/** A code to scan, drawn by the core. */
export interface DrawnCode {
  text: string;
  svg: string;
}

export interface ScannerCodes {
  test: DrawnCode;
  sets: { maker: string; steps: (DrawnCode & { name: string })[] }[];
}

/** One part of a receipt; `size` is 1 to 4. */
export interface ReceiptPart {
  block: string;
  on: boolean;
  size: number;
}

/** How a branch's receipts look. The logo is the core's own picture of one bit a dot. */
export interface ReceiptTemplate {
  version: number;
  paper: { dots: number };
  blocks: ReceiptPart[];
  header: string[];
  footer: string[];
  second_names: boolean;
  unit_prices: boolean;
  qr_size: 'small' | 'medium' | 'large';
  logo: { width: number; height: number; bits: string } | null;
}

/** What the till and the back office do with a payment through a gateway. */
import { get, post, uuidv7, type Gateway, type Payment, type StartPayment } from '$shared/api';

export type PaymentWord = 'pending' | 'authorised' | 'captured' | 'failed' | 'voided' | 'refunded' | 'unknown';

export const PAYMENT_TONE: Record<PaymentWord, 'plain' | 'go' | 'warn' | 'bad' | 'brand'> = {
  pending: 'brand', authorised: 'brand', captured: 'go', failed: 'plain', voided: 'plain', refunded: 'plain', unknown: 'warn',
};
export const PAYMENT_SHAPE: Record<PaymentWord, string> = {
  pending: '◐', authorised: '◐', captured: '✓', failed: '✕', voided: '–', refunded: '↩', unknown: '?',
};

export const wordOf = (payment: Payment): PaymentWord => payment.state as PaymentWord;

/** Whether nobody knows yet, and nothing may be done but wait or say. */
export const isOpen = (payment: Payment): boolean => ['pending', 'authorised', 'unknown'].includes(payment.state);

export const gateways = (): Promise<Gateway[]> => get<Gateway[]>('/payments/gateways');

/** Begins a payment. The same id is the same payment, however often it is sent. */
export const startPayment = (wanted: Omit<StartPayment, 'id' | 'tip_minor' | 'cards'> & Partial<StartPayment>): Promise<Payment> =>
  post<Payment>('/payments', { id: uuidv7(), ...wanted });

export const readPayment = (id: string): Promise<Payment> => get<Payment>(`/payments/${id}`);
export const askPayment = (id: string): Promise<Payment> => post<Payment>(`/payments/${id}/ask`, {});
export const cancelPayment = (id: string): Promise<Payment> => post<Payment>(`/payments/${id}/cancel`, {});
export const answerPayment = (id: string, charged: boolean): Promise<Payment> =>
  post<Payment>(`/payments/${id}/answer`, { id: uuidv7(), charged });

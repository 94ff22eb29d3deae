/** Payments, cards, rates and tips: as the core describes them itself. */
import type { components } from './generated';

type Core = components['schemas'];

export type Payment = Core['PaymentView'];
export type PaymentStep = Core['PaymentStepView'];
export type Gateway = Core['GatewayView'];
export type MethodTotal = Core['MethodTotal'];
export type StartPayment = Core['StartPayment'];
export type Card = Core['CardView'];
export type CardList = Core['CardList'];
export type CurrencyRates = Core['CurrencyRates'];
export type Conversion = Core['Conversion'];
export type TipReport = Core['TipReport'];
export type TipChoice = Core['TipChoice'];
export type TipShare = Core['ShareView'];

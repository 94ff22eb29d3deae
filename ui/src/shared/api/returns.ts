/** Goods that come back without a receipt: as the core describes them itself. */
import type { components } from './generated';

type Core = components['schemas'];

export type GoodsReturn = Core['ReturnView'];
export type ReturnPreview = Core['ReturnPreview'];
export type ReturnLine = Core['ReturnLineView'];

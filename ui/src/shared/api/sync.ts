/** How devices stand with each other, and what they did apart that needs a look: as the core describes it itself. */
import type { components } from './generated';

type Core = components['schemas'];

export type SyncStatus = Core['SyncView'];
export type SyncPeer = Core['SyncPeer'];
export type SyncDevice = Core['SyncDevice'];
export type Anomaly = Core['AnomalyView'];
export type AnomalyDeed = Core['AnomalyDeed'];
export type AnomalyCounts = Core['AnomalyCounts'];
export type SetAsideList = Core['SetAsideList'];
export type SetAside = Core['SetAsideView'];
export type Retried = Core['RetriedView'];
export type Fetched = Core['FetchedView'];

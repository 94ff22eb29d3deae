/** The branches of the shop, read once for all pages that ask where. A shop with one branch asks nowhere. */
import { get, type Branch, type List } from '$shared/api';
import { inOrder, keepRead } from '$shared/live';

const state = $state<{ all: Branch[] }>({ all: [] });

export const branches = {
  get all(): Branch[] {
    return state.all;
  },
  get open(): Branch[] {
    return state.all.filter((one) => one.closed_at === null);
  },
  get several(): boolean {
    return state.all.length > 1;
  },
  get here(): Branch | undefined {
    return state.all.find((one) => one.here);
  },
  name(id: string | null | undefined): string {
    return state.all.find((one) => one.id === id)?.name ?? '';
  },
};

const asked = inOrder();

export async function readBranches(): Promise<void> {
  const counts = asked();
  const { items } = await get<List<Branch>>('/branches');
  if (counts()) state.all = items;
}

/** Reads them now and again whenever they may have changed. A page that cannot read them shows one branch. */
export const followBranches = (): (() => void) => keepRead('setting', () => readBranches().catch(() => undefined));

/** Which trouble with paper is told first. */
import type { PrintJob } from '$shared/api';

export interface Problem {
  /** The job that is spoken of, and pressed for. */
  job: PrintJob;
  /** Others that wait for the same printer behind it. */
  behind: number;
}

/** A drawer that stayed shut is news while its customer stands there; afterwards somebody has used the key. */
export const DRAWER_NEWS_MS = 60_000;

function rank(job: PrintJob): number {
  if (job.kind === 'drawer') return 3;
  return job.state === 'unsure' ? 0 : job.state === 'failed' ? 1 : 2;
}

/**
 * A question first, then what will never come by itself, then what waits, the drawer last. What waits for the same printer is
 * one trouble: the oldest stands for all, since its turn is next. Of drawers only the latest counts.
 */
export function ranked(jobs: readonly PrintJob[], now: number): Problem[] {
  const problems: Problem[] = [];
  const waiting = new Map<string, Problem>();
  const drawer = jobs.filter((job) => job.kind === 'drawer' && now - Date.parse(job.changed_at) < DRAWER_NEWS_MS).reduce<PrintJob | null>((last, job) => (last && last.created_at > job.created_at ? last : job), null);
  if (drawer) problems.push({ job: drawer, behind: 0 });
  for (const job of [...jobs].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
    if (job.kind === 'drawer') continue;
    if (job.state !== 'queued' && job.state !== 'printing') {
      problems.push({ job, behind: 0 });
      continue;
    }
    const queue = job.printer?.id ?? '';
    const first = waiting.get(queue);
    if (first) first.behind += 1;
    else {
      const problem = { job, behind: 0 };
      waiting.set(queue, problem);
      problems.push(problem);
    }
  }
  return problems.sort((a, b) => rank(a.job) - rank(b.job));
}

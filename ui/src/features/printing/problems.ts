/** Which trouble with paper is told first. */
import type { PrintJob } from '$shared/api';

export interface Problem {
  /** The job that is spoken of, and pressed for. */
  job: PrintJob;
  /** Others that wait for the same printer behind it. */
  behind: number;
}

const RANK: Partial<Record<PrintJob['state'], number>> = { unsure: 0, failed: 1 };

/**
 * A question first, then what will never come by itself, then what waits. What waits for the same printer is one trouble:
 * the oldest stands for all, since its turn is next.
 */
export function ranked(jobs: readonly PrintJob[]): Problem[] {
  const problems: Problem[] = [];
  const waiting = new Map<string, Problem>();
  for (const job of [...jobs].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
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
  return problems.sort((a, b) => (RANK[a.job.state] ?? 2) - (RANK[b.job.state] ?? 2));
}

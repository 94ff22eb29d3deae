/** Says that somebody looked at it. What the core refuses is said, and the matter stays where it is. */
import { post, uuidv7 } from '$shared/api';
import { t } from '$shared/i18n';
import { say, sayError } from '$shared/state/toasts.svelte';

export async function settle(key: string, note: string): Promise<boolean> {
  try {
    await post('/anomalies/settle', { id: uuidv7(), key, note: note || null });
    say(t('attention.settle.done'));
    return true;
  } catch (error) {
    sayError(error);
    return false;
  }
}

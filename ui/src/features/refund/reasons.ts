/** The usual reasons of a refund; the first is preset. Their words are `refund.reason.<name>`. */
export const REASONS = ['unavailable', 'wrong', 'quality', 'changed'] as const;

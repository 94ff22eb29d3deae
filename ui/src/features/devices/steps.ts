/** The pages of setting up, in their order; each can be left out. */
export const STEPS = ['printer', 'drawer', 'scanner', 'screen', 'camera'] as const;
export type Step = (typeof STEPS)[number];

export function isStep(value: string | undefined): value is Step {
  return STEPS.some((step) => step === value);
}

/** Where "Next" leads; the last page leads back to the list. */
export function after(step: Step): string {
  const next = STEPS[STEPS.indexOf(step) + 1];
  return next ? `/office/devices/${next}` : '/office/devices';
}

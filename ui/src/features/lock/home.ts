/** Where a person belongs after signing in: at the till who may sell, in the back office everybody else. */
export function homeOf(may: (permission: string) => boolean, screen: string, sameAsBefore: boolean): '/till' | '/office' | null {
  if (!may('order.place')) return screen === 'office' ? null : '/office';
  // Whoever comes back to a locked page goes on where they were; somebody else starts at the till.
  return sameAsBefore || screen === 'till' ? null : '/till';
}

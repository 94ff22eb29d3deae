/** What may be chosen for a product at the till: units, price levels, modifiers, variants. */
import { get, type Choices } from '$shared/api';

/** For this customer and this much of it, because both move the prices. */
export function choicesOf(product: string, asked: { customer?: string; customer_type?: string; customer_level?: string | null; quantity?: string } = {}): Promise<Choices> {
  return get<Choices>(`/products/${product}/choices`, asked);
}

/** How far a group is: something must still be chosen, no more can be, or neither. */
export function groupNeeds({ group, chosen }: { group: { least: number; most: number }; chosen: number }): 'missing' | 'full' | 'free' {
  if (chosen < group.least) return 'missing';
  return chosen >= group.most ? 'full' : 'free';
}

/** What is chosen after a tap on an option: a group of at most one changes over, a full one stays. */
export function toggled(chosen: string[], group: { most: number; options: { id: string }[] }, option: string): string[] {
  const own = chosen.filter((id) => group.options.some((one) => one.id === id));
  const others = chosen.filter((id) => !own.includes(id));
  if (own.includes(option)) return [...others, ...own.filter((id) => id !== option)];
  if (group.most === 1) return [...others, option];
  if (own.length >= group.most) return chosen;
  return [...others, ...own, option];
}

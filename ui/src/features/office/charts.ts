/** Geometry of the charts. Pixels only: what is written beside a chart comes from the core. */

/** Round steps that divide the highest bar into at most four parts. */
export function axisTicks(highest: number): number[] {
  if (highest <= 0) return [];
  const rough = highest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const ticks: number[] = [];
  for (let value = step; value <= highest * 1.001; value += step) ticks.push(value);
  return ticks;
}

/** "2k" for two thousand, in whole units of the currency. */
export function axisLabel(minor: number, digits: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(minor / 10 ** digits).toLowerCase();
}

/** A bar with a rounded head that stands on its base line. */
export function bar(x: number, top: number, width: number, base: number, round: number): string {
  const r = Math.max(0, Math.min(round, width / 2, base - top));
  return `M${x} ${base}V${top + r}a${r} ${r} 0 0 1 ${r} ${-r}h${width - 2 * r}a${r} ${r} 0 0 1 ${r} ${r}V${base}Z`;
}

/** A line through the running sums, left to right. */
export function runningLine(values: number[], highest: number, width: number, height: number, of: number): [number, number][] {
  const step = of > 1 ? width / (of - 1) : width;
  let sum = 0;
  return values.map((value, index) => {
    sum += value;
    return [Math.round(index * step * 10) / 10, Math.round((height - (highest > 0 ? (sum / highest) * height : 0)) * 10) / 10];
  });
}

export function path(points: [number, number][]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** How much more or less than the same day before, in whole percent; null when there is nothing to compare with. */
export function change(now: number, before: number): { percent: number; more: boolean } | null {
  if (before <= 0) return null;
  const percent = Math.round((Math.abs(now - before) / before) * 100);
  return { percent, more: now >= before };
}

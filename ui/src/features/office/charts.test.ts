import { describe, expect, it } from 'vitest';
import { axisLabel, axisTicks, bar, change, runningLine } from './charts';

describe('charts', () => {
  it('divide the axis in round steps, never more than four', () => {
    expect(axisTicks(720000)).toEqual([200000, 400000, 600000]);
    expect(axisTicks(100)).toEqual([50, 100]);
    expect(axisTicks(0)).toEqual([]);
  });
  it('label whole units of the currency', () => {
    expect(axisLabel(200000, 2)).toBe('2k');
    expect(axisLabel(1500, 0)).toBe('1.5k');
  });
  it('run up from the base line', () => {
    expect(runningLine([10, 0, 10], 20, 100, 50, 3)).toEqual([[0, 25], [50, 25], [100, 0]]);
  });
  it('never draw a head taller than its bar', () => {
    expect(bar(0, 49, 16, 50, 3)).toContain('a1 1');
  });
  it('compare only with a day that had sales', () => {
    expect(change(112, 100)).toEqual({ percent: 12, more: true });
    expect(change(0, 100)).toEqual({ percent: 100, more: false });
    expect(change(5, 0)).toBeNull();
  });
});

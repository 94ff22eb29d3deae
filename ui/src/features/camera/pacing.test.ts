import { describe, expect, it } from 'vitest';
import { CodeGate, Darkness, Pacer } from './pacing';

describe('pictures on their way to the reader', () => {
  it('are never two at once', () => {
    const pacer = new Pacer();
    pacer.start();
    const first = pacer.leave(1000);
    expect(first).not.toBeNull();
    expect(pacer.leave(5000), 'the first has not come back').toBeNull();
    expect(pacer.back(first!)).toBe(true);
    expect(pacer.leave(5001)).not.toBeNull();
  });

  it('are at most twelve in a second, of a camera with sixty', () => {
    const pacer = new Pacer();
    pacer.start();
    let sent = 0;
    for (let at = 0; at < 1000; at += 1000 / 60) {
      const turn = pacer.leave(at);
      if (turn === null) continue;
      sent += 1;
      pacer.back(turn);
    }
    expect(sent).toBeLessThanOrEqual(12);
    expect(sent).toBeGreaterThanOrEqual(10);
  });

  it('become rarer on a machine that takes long to make them', () => {
    const pacer = new Pacer();
    pacer.start();
    const turn = pacer.leave(0)!;
    pacer.spent(60, 60);
    pacer.back(turn);
    expect(pacer.leave(300)).toBeNull();
    expect(pacer.leave(360)).not.toBeNull();
  });

  it('stop at once, and an answer that comes later is nobody’s', () => {
    const pacer = new Pacer();
    pacer.start();
    const turn = pacer.leave(0)!;
    pacer.stop();
    expect(pacer.leave(1000)).toBeNull();
    expect(pacer.back(turn), 'the camera was put away').toBe(false);
    pacer.start();
    expect(pacer.back(turn), 'it belongs to the time before').toBe(false);
    expect(pacer.leave(1001), 'and does not hold up the new time').not.toBeNull();
  });

  it('wait when the reader asks for a pause', () => {
    const pacer = new Pacer();
    pacer.start();
    pacer.back(pacer.leave(0)!);
    pacer.rest(10, 1000);
    expect(pacer.leave(900)).toBeNull();
    expect(pacer.leave(1010)).not.toBeNull();
  });
});

describe('the same code', () => {
  it('is told once while it stays in sight, and again after two seconds out of sight', () => {
    const gate = new CodeGate();
    const told: number[] = [];
    for (let at = 0; at <= 10_000; at += 100) if (gate.fresh('P1ABC', at)) told.push(at);
    expect(told).toEqual([0]);
    expect(gate.fresh('P1ABC', 11_900)).toBe(false);
    expect(gate.fresh('P1ABC', 13_900)).toBe(true);
  });
  it('holds back no other code', () => {
    const gate = new CodeGate();
    expect([gate.fresh('A', 0), gate.fresh('B', 50), gate.fresh('A', 100)]).toEqual([true, true, false]);
  });
});

describe('darkness', () => {
  it('is spoken of after it lasted, and forgotten at once', () => {
    const dark = new Darkness();
    expect([dark.see(3, 0), dark.see(3, 1400), dark.see(3, 1500), dark.see(80, 1600), dark.see(3, 1700)]).toEqual([false, false, true, false, false]);
  });
});

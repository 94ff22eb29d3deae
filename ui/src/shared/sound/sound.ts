/** Short wooden tones, never the only news: ok (one high tap), warn (one tap, one lower), no (two low), paid (two rising), ready (a soft bell). */
export type Tone = 'ok' | 'warn' | 'no' | 'paid' | 'ready';

const TONES: Record<Tone, [hertz: number, at: number][]> = {
  ok: [[1180, 0]],
  warn: [[720, 0], [540, 0.1]],
  no: [[230, 0], [196, 0.11]],
  paid: [[660, 0], [990, 0.1]],
  ready: [[784, 0], [1046, 0.02]],
};

let context: AudioContext | null = null;

/** Browsers keep a page silent until somebody touched it; a screen in the hall has to say so. */
export async function mayPlay(): Promise<boolean> {
  try {
    context ??= new AudioContext();
    // Without permission this never ends, so it is only asked for, not waited for.
    void context.resume();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return context.state === 'running';
  } catch {
    return true; // no sound at all here: nothing a touch could change
  }
}

export function play(tone: Tone): void {
  try {
    context ??= new AudioContext();
    void context.resume();
    const now = context.currentTime + 0.005;
    const ring = tone === 'ready' ? 0.24 : 0.1;
    for (const [hertz, at] of TONES[tone]) {
      const body = context.createOscillator();
      const loud = context.createGain();
      body.type = tone === 'no' ? 'triangle' : 'sine';
      body.frequency.setValueAtTime(hertz * 1.6, now + at);
      body.frequency.exponentialRampToValueAtTime(hertz, now + at + 0.012);
      loud.gain.setValueAtTime(0.0001, now + at);
      loud.gain.exponentialRampToValueAtTime(0.22, now + at + 0.004);
      loud.gain.exponentialRampToValueAtTime(0.0001, now + at + ring);
      body.connect(loud).connect(context.destination);
      body.start(now + at);
      body.stop(now + at + ring + 0.01);
    }
  } catch {
    // A machine without sound sells all the same.
  }
}

/** Short wooden tones, never the only news: ok (one high tap), no (two low), paid (two rising). */
export type Tone = 'ok' | 'no' | 'paid';

const TONES: Record<Tone, [hertz: number, at: number][]> = {
  ok: [[1180, 0]],
  no: [[230, 0], [196, 0.11]],
  paid: [[660, 0], [990, 0.1]],
};

let context: AudioContext | null = null;

export function play(tone: Tone): void {
  try {
    context ??= new AudioContext();
    void context.resume();
    const now = context.currentTime + 0.005;
    for (const [hertz, at] of TONES[tone]) {
      const body = context.createOscillator();
      const loud = context.createGain();
      body.type = tone === 'no' ? 'triangle' : 'sine';
      body.frequency.setValueAtTime(hertz * 1.6, now + at);
      body.frequency.exponentialRampToValueAtTime(hertz, now + at + 0.012);
      loud.gain.setValueAtTime(0.0001, now + at);
      loud.gain.exponentialRampToValueAtTime(0.22, now + at + 0.004);
      loud.gain.exponentialRampToValueAtTime(0.0001, now + at + 0.1);
      body.connect(loud).connect(context.destination);
      body.start(now + at);
      body.stop(now + at + 0.11);
    }
  } catch {
    // A machine without sound sells all the same.
  }
}

import { afterEach, expect, it, vi } from 'vitest';
import { DeviceCamera } from './device';
import type { CameraState, SeenCode, Watcher } from './source';

interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown> | null;
}

/** A core of the test: answers what `frames` says, one after the other, then waits. */
function core(frames: Record<string, unknown>[]) {
  const asked: Asked[] = [];
  const answer = (body: unknown) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
  let next = 0;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const path = url.replace('/api/v1', '');
    asked.push({ method: init.method ?? 'GET', path, body: init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : null });
    if (path === '/camera/open') return Promise.resolve(answer({ items: [{ id: 'a', name: 'Webcam' }], state: 'opening', open: 'a' }));
    if (path === '/camera/close') return Promise.resolve(answer({ items: [], state: 'closed', open: null }));
    const frame = frames[next++];
    if (frame) return Promise.resolve(answer({ seq: next, width: 640, height: 480, picture: null, codes: [], took_ms: 3, ...frame }));
    return new Promise<Response>((_, reject) => init.signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError'))));
  });
  return asked;
}

function watch() {
  const told = { states: [] as CameraState[], seen: [] as SeenCode[][], dark: [] as boolean[], pictures: [] as (string | null)[], cameras: [] as string[] };
  const watcher: Watcher = {
    state: (state) => void (told.states.at(-1) === state ? 0 : told.states.push(state)),
    cameras: (list) => void told.cameras.push(...list.map((one) => one.id)),
    seen: (codes) => void told.seen.push(codes),
    dark: (dark) => void told.dark.push(dark),
    unread: () => undefined,
  };
  return { told, camera: new DeviceCamera(watcher, (picture) => void told.pictures.push(picture)) };
}

const CODE: SeenCode = { text: 'P1ABC', kind: 'qr', corners: [[1, 1], [2, 1], [2, 2], [1, 2]] };

afterEach(() => vi.unstubAllGlobals());

it('opens the chosen camera, shows what comes, and asks for what is newer', async () => {
  const asked = core([{ state: 'opening' }, { state: 'live', picture: 'data:image/bmp;base64,AA', codes: [CODE] }, { state: 'black' }]);
  const { told, camera } = watch();
  camera.start('a');
  await vi.waitFor(() => expect(told.dark.at(-1)).toBe(true), { timeout: 3000 });
  camera.stop();
  expect(asked[0]).toMatchObject({ method: 'POST', path: '/camera/open', body: { camera: 'a' } });
  expect(asked.filter((one) => one.path.startsWith('/camera/frame')).map((one) => one.path).slice(0, 3)).toEqual(['/camera/frame?after=0', '/camera/frame?after=1', '/camera/frame?after=2']);
  expect(told.states).toEqual(['opening', 'live']);
  expect(told.seen).toContainEqual([CODE]);
  expect(told.pictures).toContain('data:image/bmp;base64,AA');
  expect(told.cameras).toEqual(['a']);
});

it('a camera that was pulled out is said to be lost, and goes on by itself', async () => {
  const asked = core([{ state: 'live' }, { state: 'lost' }, { state: 'live' }]);
  const { told, camera } = watch();
  camera.start(null);
  await vi.waitFor(() => expect(told.states).toEqual(['opening', 'live', 'lost', 'live']), { timeout: 3000 });
  camera.stop();
  expect(asked.filter((one) => one.path === '/camera/open'), 'the core brings it back, it is not opened twice').toHaveLength(1);
});

it('stops at once and gives the camera back', async () => {
  const asked = core([{ state: 'live', picture: 'data:image/bmp;base64,AA' }]);
  const { told, camera } = watch();
  camera.start(null);
  await vi.waitFor(() => expect(told.states).toContain('live'), { timeout: 3000 });
  camera.stop();
  await vi.waitFor(() => expect(asked.at(-1)?.path).toBe('/camera/close'));
  const then = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(asked, 'nothing is asked after it').toHaveLength(then);
  expect(told.pictures.at(-1)).toBeNull();
});

import { mergeConfig } from 'vite';
import app from './vite.config';

// The owners' page of a hub, built for itself: the hub serves it below /owner.
export default mergeConfig(app, {
  base: '/owner/',
  build: { outDir: 'dist-owner', manifest: false, rollupOptions: { input: 'owner.html' } },
  server: { proxy: { '/owner/api': process.env.CHANDI_HUB ?? 'http://127.0.0.1:8660' } },
});

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The core serves the built files and the API from one origin; while developing, Vite passes the API on to a running node.
const node = process.env.CHANDI_NODE ?? 'http://127.0.0.1:7470';

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: {
      $shared: fileURLToPath(new URL('./src/shared', import.meta.url)),
      $features: fileURLToPath(new URL('./src/features', import.meta.url)),
      $screens: fileURLToPath(new URL('./src/screens', import.meta.url)),
      $messages: fileURLToPath(new URL('./messages', import.meta.url)),
    },
    conditions: process.env.VITEST ? ['browser'] : undefined,
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: true, // says what a screen loads, for the figure in ./dev bench
    target: ['chrome109', 'safari16'],
    assetsInlineLimit: 0, // the content policy allows no data: fonts or scripts
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: node, ws: true } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});

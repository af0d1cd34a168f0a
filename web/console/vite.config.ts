import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The pages are served below /console/, of a server that may itself be below a directory: addresses in them are relative.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: { outDir: '../../internal/ui/console/dist', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', chunkSizeWarningLimit: 1_000 },
});

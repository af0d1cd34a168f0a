import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The pages are served below /console/, of a server that may itself be below a directory: addresses in them are relative. Beside them are the
// licences of the packages that they contain, from which a release learns which those are.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: { outDir: '../../internal/ui/console/dist', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', license: { fileName: 'licenses.json' }, chunkSizeWarningLimit: 1_000 },
});

/**
 * Builds the page: `npm run build -- --outDir DIR`.
 *
 * Everything but `index.html` and the icon gets a content hash in its name and
 * lies in `assets/`, so the server may tell browsers to keep it for ever. No
 * file is inlined: the server's policy allows scripts from files only.
 */
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  build: {
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
  },
});

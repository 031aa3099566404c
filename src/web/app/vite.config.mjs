/**
 * Builds the page: `npm run build -- --outDir DIR`.
 *
 * Everything but `index.html` and the icon gets a content hash in its name and
 * lies in `assets/`, so the server may tell browsers to keep it for ever. No
 * script is inlined: the server's policy allows scripts from files only.
 */
import { defineConfig } from "vite";

/** What the page cannot do without, and `index.html` would not name. */
const EARLY = "workspace";

/**
 * Spares a first visit a round trip over a slow link: `index.html` names the
 * files of the workspace, which are fetched beside the script instead of after
 * it. The largest comes first: it gets the connection that is open already.
 */
function nameEarly() {
  const links = (bundle) => {
    const chunks = Object.values(bundle).filter(({ type }) => type === "chunk");
    const early = chunks.find(({ name, isDynamicEntry }) => name === EARLY && isDynamicEntry);
    if (!early) throw new Error(`the page has no chunk called ${EARLY}`);
    const scripts = [early.fileName, ...early.imports].filter((file) => !bundle[file].isEntry);
    return [
      ...scripts.map((file) => `<link rel="modulepreload" crossorigin href="/${file}">`),
      ...[...early.viteMetadata.importedCss].map((file) => `<link rel="preload" as="style" crossorigin href="/${file}">`),
    ];
  };
  return {
    name: "name-early",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle }) =>
        html.replace(/<script type="module"/, (script) => [...links(bundle), script].join("\n    ")),
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [nameEarly()],
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

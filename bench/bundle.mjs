import { build } from "esbuild"

/**
 * Bundles programs of the bench, each into a file of its own in the folder `outdir`, as `build.mjs` does the product:
 * `X.ts` becomes `X.mjs`. `more` are options of esbuild.
 */
export const bundle = (entryPoints, outdir, more = {}) =>
  build({
    entryPoints,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    define: { PARLEY_VERSION: '"0.0.0-bench"' },
    logLevel: "warning",
    ...more
  })

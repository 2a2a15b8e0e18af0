// Builds dist/: `main.js`, the program, is one bundle because a cold start of unbundled Effect modules costs a second;
// `index.js`, the library, leaves its dependencies to the importer so that both sides share one copy of Effect.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = dirname(fileURLToPath(import.meta.url))
const { engines, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

const common = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
  legalComments: "none",
  // What an uncaught error shows is the line that it comes from.
  lineLimit: 200,
  define: { PARLEY_VERSION: JSON.stringify(version), PARLEY_NODE: JSON.stringify(engines.node) }
}

rmSync(join(root, "dist"), { recursive: true, force: true })

await build({
  ...common,
  entryPoints: ["src/main.ts"],
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  // Native code cannot be bundled; the Noise library reaches the same native code through its own loader.
  external: ["sodium-native", "noise-handshake"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);'
  }
})

const libraries = ["src/index.ts", "src/sim/index.ts", "src/sim/vitest.ts", "src/sim/ScenarioWorker.ts"].filter(
  (file) => existsSync(join(root, file))
)
await build({
  ...common,
  entryPoints: libraries,
  packages: "external",
  splitting: true,
  chunkNames: "lib/[name]-[hash]"
})

if (!process.argv.includes("--no-types")) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" })
}

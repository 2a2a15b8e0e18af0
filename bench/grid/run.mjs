// `npm run grid -- [--seeds 10] [--jobs 2] [--json]`: every pair of network kinds with the real programs in the simulated world, against theory
// and the goals. Exits with 1 when a conversation took another way than theory says, or a goal is missed.
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, "..", "..", "node_modules", ".cache", "parley-bench", "grid")

mkdirSync(out, { recursive: true })
await build({
  entryPoints: [join(here, "Main.ts"), join(here, "Worker.ts")],
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  define: { PARLEY_VERSION: JSON.stringify("0.0.0-grid") },
  logLevel: "warning"
})
const { status } = spawnSync(process.execPath, [join(out, "Main.mjs"), ...process.argv.slice(2)], { stdio: "inherit" })
process.exit(status ?? 1)

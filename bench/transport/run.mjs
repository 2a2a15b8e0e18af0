// `npm run bench -- [parts] [--runs 5] [--json]`: figures of the peer link on this machine, two processes over loopback, each beside the floor
// that Node and the cipher set in the same run. `--prof a` (or `b`) writes a CPU profile of that side to the current folder.
// `npm run bench -- controllers [link]` compares congestion controllers on simulated links instead.
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, "..", "..", "node_modules", ".cache", "parley-bench", "transport")

mkdirSync(out, { recursive: true })
await build({
  entryPoints: [join(here, "Main.ts"), join(here, "Side.ts")],
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  logLevel: "warning"
})
const { status } = spawnSync(process.execPath, [join(out, "Main.mjs"), ...process.argv.slice(2)], { stdio: "inherit" })
process.exit(status ?? 1)

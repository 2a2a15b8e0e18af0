// `npm run bench:terminal -- --help` tells what it measures. Builds the bench and runs it beside the built program.
// Each run has a folder of its own, so that two can go on at a time.
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "..", "..")
// Another build can be measured for comparison.
const program = process.env.PARLEY_BENCH_PROGRAM ?? join(root, "dist", "main.js")
if (!existsSync(program)) {
  console.error("there is no built program: npm run build")
  process.exit(2)
}
const cache = join(root, "node_modules", ".cache", "parley-bench")
mkdirSync(cache, { recursive: true })
const out = mkdtempSync(join(cache, "terminal-"))

await bundle(
  ["Main.ts", "Flood.ts", "Silent.ts", "Probe.ts"].map((name) => join(here, name)),
  out
)
const bench = spawn(process.execPath, [join(out, "Main.mjs"), ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, PARLEY_BENCH_PROGRAM: program }
})
// The bench itself answers to signals, and ends what it has started. Ctrl-C reaches it without us.
process.on("SIGINT", () => {})
process.on("SIGTERM", () => bench.kill())
bench.on("exit", (code) => {
  rmSync(out, { recursive: true, force: true })
  process.exit(code ?? 1)
})

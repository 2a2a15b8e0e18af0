// `npm run bench -- --help` tells what it measures. Builds the bench and runs it; each run has a folder of its own, so
// that two can run at a time.
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "..", "..")
const cache = join(root, "node_modules", ".cache", "parley-bench")
mkdirSync(cache, { recursive: true })
const out = mkdtempSync(join(cache, "transport-"))

await bundle([join(here, "Main.ts"), join(here, "Side.ts")], out)
const bench = spawn(process.execPath, [join(out, "Main.mjs"), ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { NATLAB: join(root, "..", "shared", "natlab", "natlab"), ...process.env }
})
// The bench itself answers to signals, and takes its networks down first. Ctrl-C reaches it without us.
process.on("SIGINT", () => {})
process.on("SIGTERM", () => bench.kill())
bench.on("exit", (code) => {
  rmSync(out, { recursive: true, force: true })
  process.exit(code ?? 1)
})

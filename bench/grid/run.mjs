// `npm run grid -- [--seeds 10] [--jobs 2] [--json]`: every pair of network kinds with the real programs in the
// simulated world, against theory and the goals. Exits with 1 when a conversation took another way than theory says, or
// a goal is missed.
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, "..", "..", "node_modules", ".cache", "parley-bench", "grid")

mkdirSync(out, { recursive: true })
await bundle([join(here, "Main.ts"), join(here, "Worker.ts")], out)
const { status } = spawnSync(process.execPath, [join(out, "Main.mjs"), ...process.argv.slice(2)], { stdio: "inherit" })
process.exit(status ?? 1)

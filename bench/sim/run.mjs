// Runs the measurements of the simulated world: `node bench/sim/run.mjs [speed|nat|memory|seeds|core|client|product]
// [arguments]`, all of them when none is named. Figures depend on the machine; the calibration loop beside them makes
// ratios of them that do so less. `laws FIRST MINUTES` measures nothing: it plays schedules over the laws (see there),
// and only when it is named.
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "..", "..")
const out = join(root, "node_modules", ".cache", "parley-bench")
/** As the processes of `parley simulate` have it (src/simulate.ts). */
const YOUNG_SPACE = "--max-semi-space-size=64"
const [name, ...args] = process.argv.slice(2)

mkdirSync(out, { recursive: true })
for (const bench of name === undefined ? ["speed", "nat", "memory", "seeds", "core", "client", "product"] : [name]) {
  await bundle([join(here, `${bench}.ts`)], out)
  const { status } = spawnSync(process.execPath, ["--expose-gc", YOUNG_SPACE, join(out, `${bench}.mjs`), ...args], {
    stdio: "inherit"
  })
  if (status !== 0) process.exit(status ?? 1)
}

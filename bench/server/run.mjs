// `npm run bench:server -- --help` tells what it measures. Builds the product and the bench, and runs them in a network
// namespace of their own where the system gives one: nothing leaves this machine, and there are addresses in plenty.
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "..", "..")
const cache = join(root, "node_modules", ".cache", "parley-bench")
mkdirSync(cache, { recursive: true })
const out = mkdtempSync(join(cache, "server-"))

await bundle(
  ["Main.ts", "Worker.ts", "Probe.ts", "Floor.ts"].map((name) => join(here, name)),
  out
)
// What users run, unless another program is to be measured.
const program = process.env.PROGRAM ?? join(root, "dist", "main.js")
if (process.env.PROGRAM === undefined) execFileSync(process.execPath, [join(root, "build.mjs"), "--no-types"])

// As root, or as whom the kernel lets be root of a namespace of users.
const ways = [["--net"], ["--user", "--map-root-user", "--net"]]
const way = ways.find((flags) => spawnSync("unshare", [...flags, "true"]).status === 0)
const command = [process.execPath, join(out, "Main.mjs"), ...process.argv.slice(2)]
const [first, ...rest] = way === undefined ? command : ["unshare", ...way, ...command]
const bench = spawn(first, rest, {
  stdio: "inherit",
  env: {
    ...process.env,
    PROGRAM: program,
    BENCH: String(process.pid),
    ...(way === undefined ? {} : { NAMESPACE: "1" })
  }
})
// The bench itself answers to signals, and ends its servers first. Ctrl-C reaches it without us.
process.on("SIGINT", () => {})
process.on("SIGTERM", () => bench.kill())
bench.on("exit", (code) => {
  rmSync(out, { recursive: true, force: true })
  process.exit(code ?? 1)
})

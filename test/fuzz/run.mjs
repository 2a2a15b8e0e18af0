// `npm run fuzz -- --help` tells what it does. Bundles each target, with counters in the code of the product, and
// runs them.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"
import { bundle } from "../../bench/bundle.mjs"
import { instrument } from "./engine/instrument.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, "..", "..")
const cache = join(root, "node_modules", ".cache", "parley-fuzz")
mkdirSync(cache, { recursive: true })
// Beside the packages that the bundles import.
const out = mkdtempSync(join(root, "node_modules", ".cache", "parley-fuzz-"))
process.on("exit", () => rmSync(out, { recursive: true, force: true }))

process.chdir(root)
const targets = readdirSync(join(here, "targets")).map((name) => join(here, "targets", name))
await bundle(targets, join(out, "targets"), {
  plugins: [instrument(root)],
  // Loading Effect from its files would take longer than a short run.
  splitting: true,
  chunkNames: "../chunks/[name]-[hash]",
  packages: "bundle",
  external: ["sodium-native", "noise-handshake"],
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);'
  }
})
await bundle([join(here, "Main.ts")], out)
await bundle([join(here, "engine", "Worker.ts")], out)
const { main } = await import(pathToFileURL(join(out, "Main.mjs")).href)
process.exitCode = await main({ targets: join(out, "targets"), corpus: join(here, "corpus"), cache })

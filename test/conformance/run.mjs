// `npm run conformance -- --help` tells what it does. Bundles the suite and runs it.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"
import { bundle } from "../../bench/bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const cache = join(here, "..", "..", "node_modules", ".cache")
mkdirSync(cache, { recursive: true })
// Beside the packages that the bundle imports.
const out = mkdtempSync(join(cache, "parley-conformance-"))
process.on("exit", () => rmSync(out, { recursive: true, force: true }))

await bundle([join(here, "Main.ts")], out)
const { main } = await import(pathToFileURL(join(out, "Main.mjs")).href)
// Sockets of an implementation that failed may still be open.
process.exit(await main(process.argv.slice(2)))

// @ts-check
// All that a release consists of: `node scripts/release/release.mjs FOLDER [SYSTEM…]` puts the packed package, an
// archive with a single executable for each system, and the hashes of them there. It publishes nothing.
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import process from "node:process"
import { executables } from "./executable.mjs"
import { stage } from "./package.mjs"

const [folder, ...systems] = process.argv.slice(2)
if (folder === undefined) throw new Error("name the folder")
const to = resolve(folder)
rmSync(to, { recursive: true, force: true })
mkdirSync(to, { recursive: true })
const made = [stage(to), ...(await executables(to, systems.length === 0 ? undefined : systems))]
const sums = made.map((path) => `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${basename(path)}\n`)
writeFileSync(join(to, "SHA256SUMS"), sums.join(""))
process.stdout.write(sums.join(""))

// @ts-check
// Single executables: `node scripts/release/executable.mjs FOLDER [SYSTEM…]` puts one archive for each system there.
// The program is one file of JavaScript inside of a copy of Node (its "single executable applications"), so nothing has
// to be installed to run it. Needs tar, xz and zip.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { ROOT } from "../source.mjs"
import { NODE, SYSTEMS } from "./nodes.mjs"
import { common, notices, ONE_FILE, seen, VERSION } from "./program.mjs"

/** Pinned like everything that is put into what others run. */
const POSTJECT = "postject@1.0.0-alpha.6"
/** The place in Node's binary that says whether something is in it (nodejs.org/api/single-executable-applications). */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"

/**
 * Makes the archives. Gives their paths.
 *
 * @param {string} to
 * @param {ReadonlyArray<string>} systems
 */
export const executables = async (to, systems = Object.keys(SYSTEMS)) => {
  const work = join(resolve(to), "work")
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const { files, metafiles } = await bundle(work)
  const host = nodeOf(`${process.platform}-${process.arch}`)
  const blob = preparation(work, join(host, "bin", "node"))
  const archives = systems.map((system) => {
    const folder = join(work, `parley-${VERSION}-${system}`)
    mkdirSync(folder, { recursive: true })
    inject(join(nodeOf(system), "bin", programOf("node", system)), blob, folder, system)
    copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"))
    // Not all of the packages have it; it is the same for all systems.
    copyFileSync(join(host, "LICENSE"), join(folder, "LICENSE.node"))
    for (const [path, text] of Object.entries({
      ...files,
      "THIRD_PARTY_NOTICES.txt": notices(metafiles),
      "README.txt": README
    })) {
      mkdirSync(join(folder, path, ".."), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return packed(folder, resolve(to), system)
  })
  rmSync(work, { recursive: true })
  return archives
}

/** The program as one file, and what goes along with it. */
export const bundle = async (/** @type {string} */ work) => {
  const { define, files, metafile: inside } = await seen(build)
  const { metafile } = await build({
    ...common,
    ...ONE_FILE,
    entryPoints: [join(ROOT, "src/main.ts")],
    outfile: join(work, "parley.cjs"),
    banner: { js: 'const __url = require("node:url").pathToFileURL(process.execPath).href;' },
    define: {
      ...common.define,
      ...ONE_FILE.define,
      ...define,
      PARLEY_SINGLE: "true"
    }
  })
  return { files, metafiles: [metafile, inside] }
}

/** What is put into Node: it depends on its version, and not on the system. */
const preparation = (/** @type {string} */ work, /** @type {string} */ node) => {
  const config = join(work, "sea.json")
  const output = join(work, "parley.blob")
  writeFileSync(
    config,
    JSON.stringify({ main: join(work, "parley.cjs"), output, disableExperimentalSEAWarning: true, useCodeCache: false })
  )
  execFileSync(node, ["--experimental-sea-config", config])
  return output
}

/** The folder with Node's own binary for a system, as npm serves it; fetched once. */
const nodeOf = (/** @type {string} */ system) => {
  const known = SYSTEMS[system]
  if (known === undefined) throw new Error(`there is no Node ${NODE} for ${system}: ${Object.keys(SYSTEMS).join(", ")}`)
  const { integrity, name } = known
  const cache = join(ROOT, "node_modules", ".cache", "parley-nodes", `${name}-${NODE}`)
  const folder = join(cache, "package")
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const file = execFileSync("npm", ["pack", "--silent", `${name}@${NODE}`], { cwd: cache })
    .toString()
    .trim()
  const archive = join(cache, file)
  const hash = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`
  if (hash !== integrity) throw new Error(`${name}@${NODE} is not what it was: ${hash}`)
  execFileSync("tar", ["xzf", archive, "--exclude=package/include", "--exclude=package/share"], { cwd: cache })
  rmSync(archive)
  return folder
}

const programOf = (/** @type {string} */ name, /** @type {string} */ system) =>
  system.startsWith("win32") ? `${name}.exe` : name

/** @type {(node: string, blob: string, folder: string, system: string) => void} */
const inject = (node, blob, folder, system) => {
  const program = join(folder, programOf("parley", system))
  copyFileSync(node, program)
  chmodSync(program, 0o755)
  const segment = system.startsWith("darwin") ? ["--macho-segment-name", "NODE_SEA"] : []
  execFileSync(
    "npx",
    ["--yes", POSTJECT, program, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE, ...segment],
    // It warns of the signature, which a changed binary cannot keep.
    { cwd: folder, stdio: ["ignore", "ignore", "inherit"] }
  )
}

/** @type {(folder: string, to: string, system: string) => string} */
const packed = (folder, to, system) => {
  const name = `parley-${VERSION}-${system}`
  const archive = join(to, system.startsWith("win32") ? `${name}.zip` : `${name}.tar.xz`)
  rmSync(archive, { force: true })
  const cwd = join(folder, "..")
  if (archive.endsWith(".zip")) execFileSync("zip", ["-9qrX", archive, name], { cwd })
  else
    execFileSync("tar", ["--owner=0", "--group=0", "--numeric-owner", "-cJf", archive, name], {
      cwd,
      env: { ...process.env, XZ_OPT: "-6 -T2" }
    })
  return archive
}

const README = `parley ${VERSION}

Put the program somewhere in your PATH and start it: parley help
  man/parley.1    page of the manual, for /usr/local/share/man/man1
  completions/    for bash, zsh and fish; parley help tells more

macOS takes no changed program without a signature: codesign --sign - parley
`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...systems] = process.argv.slice(2)
  if (folder === undefined) throw new Error("name the folder")
  console.log((await executables(folder, systems.length === 0 ? undefined : systems)).join("\n"))
}

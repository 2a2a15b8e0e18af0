import { createHash } from "node:crypto"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { cachedDataVersionTag, setFlagsFromString } from "node:v8"
import vm from "node:vm"

/**
 * Loads the program as V8 compiled it the last time: to compile it takes as long as all the rest of a start. Node's own
 * `module.enableCompileCache` does the same from 22.1 on, and is turned off by the same variable.
 */

/**
 * Runs a file of CommonJS in ASCII, and gives its exports. What V8 made of it is kept in `folder` for the next start of
 * the same `use`, and only where nobody but this user can write. Whatever is wrong there costs time and nothing else.
 */
export const load = (url: URL, use: string, folder: string | undefined): unknown => {
  const path = fileURLToPath(url)
  const source = readFileSync(path, "latin1")
  const place = folder === undefined || process.env.NODE_DISABLE_COMPILE_CACHE ? undefined : placeOf(path, use, folder)
  const cachedData = place && read(place)
  const script = new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path))
  if (place !== undefined && script.cachedDataRejected !== false) keepLater(script, place)
  return module.exports
}

/**
 * Before `load`, whose code V8 takes back only with the same flags: the program ends soon, so what is new gets all the
 * room that it may have at once. In steps, a start takes nine collections of what is new, and one of all.
 */
export const hasten = (): void => setFlagsFromString("--semi-space-growth-factor=16")

interface Place {
  readonly folder: string
  /** Of all programs' code for this use. */
  readonly prefix: string
  readonly name: string
}

const placeOf = (path: string, use: string, folder: string): Place => {
  const { mtimeMs, size } = statSync(path)
  const made = [process.version, process.arch, cachedDataVersionTag(), path, size, mtimeMs].join("\n")
  const prefix = `${use}.`
  return { folder, prefix, name: `${prefix}${hash(Buffer.from(made)).toString("hex").slice(0, 16)}` }
}

/** V8 trusts what it is given, so a file that a crash has left in pieces must not reach it. */
const hash = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest()
const HASH = 32

const read = ({ folder, name }: Place): Buffer | undefined => {
  try {
    if (!isOurs(folder)) return undefined
    const bytes = readFileSync(join(folder, name))
    const code = bytes.subarray(HASH)
    return hash(code).equals(bytes.subarray(0, HASH)) ? code : undefined
  } catch {
    return undefined
  }
}

/** Whether nobody else (but the administrator) can put code there that we would run: think of `sudo`. */
const isOurs = (folder: string): boolean => {
  if (process.getuid === undefined) return true
  const { mode, uid } = lstatSync(folder)
  return uid === process.getuid() && (mode & 0o022) === 0
}

/** By then what a start takes has been run, and so is compiled. */
const keepLater = (script: vm.Script, place: Place): void => {
  const now = (): void => {
    clearTimeout(timer)
    process.off("exit", now)
    keep(script, place)
  }
  const timer = setTimeout(now, SETTLED).unref()
  process.on("exit", now)
}

/** Milliseconds. */
const SETTLED = 3_000

const keep = (script: vm.Script, { folder, name, prefix }: Place): void => {
  try {
    const folders = [folder, dirname(folder), dirname(dirname(folder))]
    const there = folders.findIndex((path) => existsSync(path))
    if (there === -1 || !isOurs(folders[there]!)) return
    for (const missing of folders.slice(0, there).reverse()) mkdirSync(missing, { mode: 0o700 })
    const code = script.createCachedData()
    const draft = join(folder, `${name}.${process.pid}`)
    writeFileSync(draft, Buffer.concat([hash(code), code]), { mode: 0o600 })
    renameSync(draft, join(folder, name))
    const found = readdirSync(folder).filter((file) => file.startsWith(prefix))
    const ages = new Map(found.map((file) => [file, statSync(join(folder, file)).mtimeMs]))
    found.sort((one, other) => ages.get(other)! - ages.get(one)!)
    for (const old of found.slice(MAX_KEPT)) rmSync(join(folder, old), { force: true })
  } catch {
    // A read-only or full disk: the next start compiles anew.
  }
}

/** Programs, of several versions or for several versions of Node, that are used in turn. */
const MAX_KEPT = 3

// @ts-check
// Stages what is published: `node scripts/release/package.mjs FOLDER` fills the folder and packs it. The checkout's own
// package.json says `private` and has the scripts of a checkout, of which npm would warn those who install.
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { ROOT } from "../source.mjs"

/** Beside what the package's own list has: what only developers and this machine need to know stays out. */
const DEVELOPERS = ["private", "scripts", "devDependencies", "allowScripts", "files"]

/**
 * Packs what `dist` has. Gives the packed file's path.
 *
 * @param {string} to an own folder for it
 */
export const stage = (to) => {
  const folder = join(resolve(to), "package")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
  for (const name of own.files)
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: (path) => !path.includes("dist/types") })
  for (const path of declarations(Object.values(own.exports).flatMap((entry) => entry.types ?? []))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(ROOT, path), join(folder, path))
  }
  const published = Object.fromEntries(Object.entries(own).filter(([name]) => !DEVELOPERS.includes(name)))
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(published, null, 2)}\n`)
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", resolve(to)], { cwd: folder })
  return join(resolve(to), packed.toString().trim())
}

/**
 * The declarations that these reach: the others are of nobody's use.
 *
 * @param {ReadonlyArray<string>} entries
 */
const declarations = (entries) => {
  const found = new Set(entries.map((path) => join(path)))
  for (const path of found)
    for (const [, name = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g))
      found.add(join(dirname(path), `${name}.d.ts`))
  return found
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error("name the folder")
  console.log(stage(folder))
}

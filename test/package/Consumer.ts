import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { stage } from "../../scripts/release/package.mjs"

/** Somebody else's project, with the packed file installed in it. */

export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8")

/** What this repository is built with; consumers get the same, so that nothing new is fetched. */
const ours: Readonly<Record<string, string>> = JSON.parse(read("package.json")).devDependencies

export interface Ran {
  readonly stdout: string
  readonly stderr: string
}

export class Consumer {
  constructor(readonly folder: string) {}

  /** Runs a program of the project; one that fails throws with all that it said. */
  async run(command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const options = { cwd: this.folder, env: { ...clean(), ...env }, maxBuffer: 64 << 20 }
    try {
      return await promisify(execFile)(command, args, options)
    } catch (error) {
      const { stdout = "", stderr = "" } = error as Partial<Ran>
      throw new Error(`$ ${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error })
    }
  }

  node(...args: ReadonlyArray<string>): Promise<Ran> {
    return this.run(process.execPath, args)
  }

  /** A program of a package that the project has. */
  bin(name: string, ...args: ReadonlyArray<string>): Promise<Ran> {
    return this.run(join(this.folder, "node_modules", ".bin", name), args)
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true })
    writeFileSync(join(this.folder, path), text)
  }

  /** Copies a file or a folder of this repository. */
  copy(path: string, to = path): void {
    cpSync(join(ROOT, path), join(this.folder, to), { recursive: true })
  }

  /** How many packages are installed, and the bytes of their files. */
  installed(): { readonly packages: number; readonly bytes: number } {
    const modules = join(this.folder, "node_modules")
    const lock = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8"))
    const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const bytes = files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)
    return { packages: Object.keys(lock.packages).length, bytes }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The environment without what npm and vitest, which run this test, tell their children. */
const clean = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(npm_|NODE_OPTIONS|VITEST|PARLEY_)/.test(name) ? [] : [[name, value]]
    )
  )

/**
 * A new project with the packed file and these packages, each in the version that this repository has or as
 * `name@version`.
 */
export const consumer = async (...packages: ReadonlyArray<string>): Promise<Consumer & { readonly said: string }> => {
  const project = new Consumer(mkdtempSync(join(tmpdir(), "parley-consumer-")))
  project.write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }))
  const wanted = packages.map((name) => (name.indexOf("@", 1) > 0 ? name : `${name}@${ours[name]}`))
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", stage(project.folder), ...wanted]
  const { stderr } = await project.run("npm", args)
  return Object.assign(project, { said: stderr })
}

/** The blocks of code in a document, in order. */
export const codeIn = (path: string, language: string): ReadonlyArray<string> =>
  [...read(path).matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "gm"))].map(([, code]) => code!)

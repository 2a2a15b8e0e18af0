// @ts-check
// What builds of the program share: how it is bundled, what people see of it, and the notices of whose work is inside.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { ROOT } from "../source.mjs"
import { page } from "./page.mjs"

const { engines, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))

export const VERSION = /** @type {string} */ (version)

/** Native code cannot be bundled; the Noise library reaches the same native code through its own loader. */
export const NATIVE = ["sodium-native", "noise-handshake"]

/** @satisfies {import("esbuild").BuildOptions} */
export const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: /** @type {const} */ ("node"),
  target: "node20.19",
  logLevel: /** @type {const} */ ("warning"),
  legalComments: /** @type {const} */ ("none"),
  metafile: /** @type {const} */ (true),
  // What an uncaught error shows is the line that it comes from.
  lineLimit: 200,
  define: {
    PARLEY_VERSION: JSON.stringify(version),
    PARLEY_NODE: JSON.stringify(engines.node)
  }
}

/**
 * What `string-width` makes when it is loaded, made when it is first used: V8 takes an eighth of a start for
 * `\p{RGI_Emoji}`, ICU a tenth for a segmenter, and most lines need neither.
 *
 * @type {import("esbuild").Plugin}
 */
const madeWhenUsed = {
  name: "made when used",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\bstring-width[\\/]index\.js$/ }, ({ path }) => ({
      contents: [/^const (\w+) = (new Intl\.Segmenter\(\));$/m, /^const (\w+) = (\/.*\\p\{RGI_Emoji\}.*\/v);$/m].reduce(
        whenUsed,
        readFileSync(path, "utf8")
      )
    }))
}

/**
 * Node's `process` as it is there: to import it as a module has Node make all that it has, the three streams too, which
 * takes a twentieth of a start.
 *
 * @type {import("esbuild").Plugin}
 */
const processAsItIs = {
  name: "process as it is",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^node:process$/ }, ({ path }) => ({ path, namespace: "process" }))
    onLoad({ filter: /./, namespace: "process" }, () => ({ contents: "export default globalThis.process" }))
  }
}

/**
 * What Effect finds out of how it was bundled, by a stack: V8 looks for the ends of all lines of the program for that,
 * which takes a fortieth of a start. The bundler takes no function out of its place.
 *
 * @type {import("esbuild").Plugin}
 */
const bundledAsItIs = {
  name: "bundled as it is",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]effect[\\/]dist[\\/]esm[\\/]Utils\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8")
      const contents = text.replace(/^(const isNotOptimizedAway = ).*new Error\(\)\.stack.*$/m, "$1true")
      if (contents === text) throw new Error("effect does not look at a stack any more")
      return { contents }
    })
}

/**
 * Leaves these modules to a file of CommonJS of their own.
 *
 * @type {(modules: RegExp, path: string) => import("esbuild").Plugin}
 */
export const apart = (modules, path) => ({
  name: "apart",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: modules }, ({ kind }) => (kind === "entry-point" ? undefined : { path, namespace: "apart" }))
    onLoad({ filter: /./, namespace: "apart" }, () => ({
      contents: `module.exports = require(${JSON.stringify(path)})`
    }))
    onResolve({ filter: /./, namespace: "apart" }, () => ({ path, external: true }))
  }
})

/** @type {(text: string, constant: RegExp) => string} */
const whenUsed = (text, constant) => {
  const [line, name, value] = constant.exec(text) ?? []
  if (line === undefined) throw new Error(`string-width has nothing like ${constant} any more`)
  const uses = text.split(line).map((part) => part.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}()`))
  return uses.join(`let $${name};\nconst ${name} = () => $${name} ??= ${value};`)
}

/** For all of the program in one file of CommonJS. */
export const ONE_FILE = {
  plugins: [madeWhenUsed, processAsItIs, bundledAsItIs],
  format: /** @type {const} */ ("cjs"),
  banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
  define: { "import.meta.url": "__url" },
  minifySyntax: true,
  minifyWhitespace: true
}

/** Modules of CommonJS that are inside of a module ask for Node's own. */
export const REQUIRE = {
  js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);'
}

/**
 * What people see of the program, and what is made of it. The programs are not needed for that, nor loaded.
 *
 * @param {typeof import("esbuild").build} build
 */
export const seen = async (build) => {
  const folder = mkdtempSync(join(tmpdir(), "parley-build-"))
  const outfile = join(folder, "seen.mjs")
  await build({
    ...common,
    format: "esm",
    banner: REQUIRE,
    outfile,
    stdin: {
      contents: `
        export * as Surfaces from "./src/cli/commands/Surfaces.js"
        export * as ManPage from "./src/cli/help/ManPage.js"
        export * as Scripts from "./src/cli/help/Scripts.js"`,
      resolveDir: ROOT
    },
    plugins: [
      {
        name: "programs",
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ kind, path }) =>
            kind === "dynamic-import" ? { path, external: true } : undefined
          )
      }
    ]
  })
  const { ManPage, Scripts, Surfaces } = await import(pathToFileURL(outfile).href)
  rmSync(folder, { recursive: true })
  const surface = Surfaces.of(version)
  const shown = await page(build)
  return {
    /** What the program is told by name. */
    define: {
      PARLEY_SURFACE: JSON.stringify(surface),
      // Texts stand where they are used; of anything else there would be one that every command loads.
      PARLEY_PAGE: JSON.stringify(shown.page.body),
      PARLEY_PAGE_SCRIPT: JSON.stringify(shown.page.script),
      PARLEY_PAGE_POLICY: JSON.stringify(shown.page.policy)
    },
    /** Of what is inside of that. */
    metafile: shown.metafile,
    /** By the paths that they have in a package. */
    files: {
      "man/parley.1": ManPage.of(surface),
      "completions/parley.bash": Scripts.scriptOf("bash"),
      "completions/_parley": Scripts.scriptOf("zsh"),
      "completions/parley.fish": Scripts.scriptOf("fish")
    }
  }
}

/**
 * Whose work is inside of these builds, with the notice that their licences ask for.
 *
 * @param {ReadonlyArray<import("esbuild").Metafile>} metafiles
 */
export const notices = (metafiles) => {
  const inside = metafiles.flatMap(({ inputs }) => Object.keys(inputs))
  const folders = inside.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  const all = [...new Set(folders)].sort().map((folder) => {
    const own = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"))
    const file = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e/i.test(name))
    const text = file === undefined ? `Licence: ${own.license}` : readFileSync(join(ROOT, folder, file), "utf8").trim()
    return `${own.name} ${own.version}\n\n${text}\n`
  })
  if (inside.includes(UNICODE)) {
    const [header = ""] = readFileSync(join(ROOT, UNICODE), "utf8").split("\n\n")
    all.push(`${header.replace(/^\/\/ ?/gm, "")}\n`)
  }
  return all.join(`\n${"-".repeat(80)}\n\n`)
}

/** A table made from data of Unicode's, whose notice stands at its head. */
const UNICODE = "src/domain/ConfusablesData.ts"

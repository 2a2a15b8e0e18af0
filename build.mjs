// Builds dist/: `main.js`, the program, is one bundle because a cold start of unbundled Effect modules costs a second;
// `index.js`, the library, leaves Effect to the importer so that both sides share one copy of it. What identity does not
// matter for is inside, so that a package that is installed brings nothing but native code.
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"

const { build } = await import("esbuild").catch(() => {
  // `npm install --global` of a git address runs this script without the tools for it (npm/cli#8440).
  console.error(
    "parley-chat: building needs the development dependencies: run npm install in a checkout, then npm pack"
  )
  process.exit(1)
})

const root = dirname(fileURLToPath(import.meta.url))
const dist = join(root, "dist")
const { engines, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const withTypes = !process.argv.includes("--no-types")

const common = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
  legalComments: "none",
  metafile: true,
  // What an uncaught error shows is the line that it comes from.
  lineLimit: 200,
  splitting: true,
  // Modules of CommonJS that are inside ask for Node's own.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);'
  },
  define: { PARLEY_VERSION: JSON.stringify(version), PARLEY_NODE: JSON.stringify(engines.node) }
}

/** Native code cannot be bundled; the Noise library reaches the same native code through its own loader. */
const NATIVE = ["sodium-native", "noise-handshake"]

// Types that are not built anew stay: a checkout that others link to has them after its tests as before.
for (const name of existsSync(dist) ? readdirSync(dist) : [])
  if (withTypes || name !== "types") rmSync(join(dist, name), { recursive: true })

/** What people see of the command line, and what is made of it. Its programs are not needed for that, nor loaded. */
const seen = join(mkdtempSync(join(tmpdir(), "parley-build-")), "seen.mjs")
await build({
  ...common,
  splitting: false,
  metafile: false,
  outdir: undefined,
  outfile: seen,
  stdin: {
    contents: `
      export * as Surfaces from "./src/cli/commands/Surfaces.js"
      export * as ManPage from "./src/cli/help/ManPage.js"
      export * as Scripts from "./src/cli/help/Scripts.js"`,
    resolveDir: root
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
const { ManPage, Scripts, Surfaces } = await import(pathToFileURL(seen).href)
rmSync(dirname(seen), { recursive: true })
const surface = Surfaces.of(version)

const program = await build({
  ...common,
  define: { ...common.define, PARLEY_SURFACE: JSON.stringify(surface) },
  entryPoints: ["src/main.ts"],
  chunkNames: "chunks/[name]-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  external: NATIVE
})

const library = await build({
  ...common,
  entryPoints: [
    "src/index.ts",
    "src/promise/index.ts",
    "src/sim/index.ts",
    "src/sim/vitest.ts",
    "src/sim/ScenarioWorker.ts"
  ],
  chunkNames: "lib/[name]-[hash]",
  // With the sources inside, so that what is installed needs no second copy of them.
  sourcemap: true,
  external: [...NATIVE, "effect", "vitest", "esbuild"]
})

// Whose work is inside, with the notice that their licences ask for.
const inside = [program, library].flatMap(({ metafile }) => Object.keys(metafile.inputs))
const folders = inside.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
const notices = [...new Set(folders)].sort().map((folder) => {
  const own = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
  const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name))
  const text = file === undefined ? `Licence: ${own.license}` : readFileSync(join(root, folder, file), "utf8").trim()
  return `${own.name} ${own.version}\n\n${text}\n`
})
writeFileSync(join(dist, "THIRD_PARTY_NOTICES.txt"), notices.join(`\n${"-".repeat(80)}\n\n`))

const write = (path, text) => {
  mkdirSync(dirname(join(dist, path)), { recursive: true })
  writeFileSync(join(dist, path), text)
}
write("man/parley.1", ManPage.of(surface))
write("completions/parley.bash", Scripts.scriptOf("bash"))
write("completions/_parley", Scripts.scriptOf("zsh"))
write("completions/parley.fish", Scripts.scriptOf("fish"))

if (withTypes) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" })
}

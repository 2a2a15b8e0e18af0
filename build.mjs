// Builds dist/: `main.js` answers what is asked about the program itself, and loads `program.cjs`, the rest of it: one
// file because to find and read a hundred takes a fifth of a start, and of CommonJS because V8 then gives us what it
// made of it (layers/node/KeptCode). `index.js`, the library, leaves Effect to the importer so that both sides share one
// copy of it. What identity does not matter for is inside, so that a package that is installed brings nothing but native
// code.
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import {
  common,
  madeWhenUsed,
  NATIVE,
  notices,
  ONE_FILE,
  processAsItIs,
  REQUIRE,
  seen
} from "./scripts/release/program.mjs"

const { build } = await import("esbuild").catch(() => {
  // `npm install --global` of a git address runs this script without the tools for it (npm/cli#8440).
  console.error(
    "parley-chat: building needs the development dependencies: run npm install in a checkout, then npm pack"
  )
  process.exit(1)
})

const root = dirname(fileURLToPath(import.meta.url))
const dist = join(root, "dist")
const withTypes = !process.argv.includes("--no-types")

const PROGRAM = "program.cjs"

const modules = {
  ...common,
  outdir: "dist",
  format: "esm",
  splitting: true,
  banner: REQUIRE
}

// Types that are not built anew stay: a checkout that others link to has them after its tests as before.
for (const name of existsSync(dist) ? readdirSync(dist) : [])
  if (withTypes || name !== "types") rmSync(join(dist, name), { recursive: true })

const { define, files, metafile } = await seen(build)

const front = await build({
  ...modules,
  define: { ...common.define, ...define, PARLEY_PROGRAM: JSON.stringify(PROGRAM) },
  entryPoints: ["src/main.ts"],
  chunkNames: "chunks/[name]-[hash]",
  plugins: [madeWhenUsed, processAsItIs],
  minifySyntax: true,
  minifyWhitespace: true
})

const program = await build({
  ...common,
  ...ONE_FILE,
  define: { ...common.define, ...define, ...ONE_FILE.define },
  entryPoints: ["src/cli/Process.ts"],
  outfile: join("dist", PROGRAM),
  external: NATIVE
})

const library = await build({
  ...modules,
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

for (const [path, text] of Object.entries({
  ...files,
  "THIRD_PARTY_NOTICES.txt": notices([front.metafile, program.metafile, library.metafile, metafile])
})) {
  mkdirSync(dirname(join(dist, path)), { recursive: true })
  writeFileSync(join(dist, path), text)
}

if (withTypes) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" })
}

// Builds dist/: `main.js` loads `front.cjs`, which answers what is asked about the program itself, and loads
// `program.cjs`, the rest of it: one file because to find and read a hundred takes a fifth of a start, and of CommonJS
// because V8 then gives us what it made of it (layers/node/KeptCode). `redis.cjs` is a fifth of all, and few need it.
// `index.js`, the library, leaves Effect to the importer so that both sides share one copy of it. What identity does
// not matter for is inside, so that a package that is installed brings nothing but native code.
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { apart, common, NATIVE, notices, ONE_FILE, REQUIRE, seen } from "./scripts/release/program.mjs"

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

const FRONT = "front.cjs"
const PROGRAM = "program.cjs"
const REDIS = "redis.cjs"

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

const main = await build({
  ...common,
  format: "esm",
  banner: REQUIRE,
  entryPoints: ["src/main.ts"],
  outfile: "dist/main.js",
  plugins: [apart(/\/Front\.js$/, `./${FRONT}`)],
  minifySyntax: true,
  minifyWhitespace: true
})

/** @type {(options: import("esbuild").BuildOptions & { outfile: string }) => Promise<import("esbuild").Metafile>} */
const part = async ({ outfile, plugins = [], ...options }) =>
  (
    await build({
      ...common,
      ...ONE_FILE,
      plugins: [...ONE_FILE.plugins, ...plugins],
      define: {
        ...common.define,
        ...define,
        ...ONE_FILE.define,
        PARLEY_PROGRAM: JSON.stringify(`./${PROGRAM}`)
      },
      outfile: join("dist", outfile),
      metafile: true,
      ...options
    })
  ).metafile

const front = await part({
  entryPoints: ["src/cli/Front.ts"],
  outfile: FRONT,
  plugins: [apart(/\/Process\.js$/, `./${PROGRAM}`)]
})
const program = await part({
  entryPoints: ["src/cli/Process.ts"],
  outfile: PROGRAM,
  plugins: [apart(/^@redis\/client$/, `./${REDIS}`)],
  external: NATIVE
})
const redis = await part({ entryPoints: ["@redis/client"], outfile: REDIS })

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
  "THIRD_PARTY_NOTICES.txt": notices([main.metafile, front, program, redis, library.metafile, metafile])
})) {
  mkdirSync(dirname(join(dist, path)), { recursive: true })
  writeFileSync(join(dist, path), text)
}

if (withTypes) {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc")
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" })
}

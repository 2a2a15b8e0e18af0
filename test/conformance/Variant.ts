import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"
import { common, NATIVE, REQUIRE, seen } from "../../scripts/release/program.mjs"
import type { Plant } from "./Plants.js"

/** What a program shows of itself is the same in all of them. */
let shown: ReturnType<typeof seen> | undefined

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The program with a fault in it, or as it is: its main file, and how to remove it. */
export const variant = async (plant?: Plant): Promise<{ readonly main: string; readonly remove: () => void }> => {
  const cache = join(root, "node_modules", ".cache")
  mkdirSync(cache, { recursive: true })
  // Beside the packages that it imports.
  const folder = mkdtempSync(join(cache, "parley-variant-"))
  shown ??= seen(build)
  const { define } = await shown
  await build({
    ...common,
    entryPoints: ["src/main.ts"],
    outdir: folder,
    splitting: true,
    format: "esm",
    external: NATIVE,
    banner: REQUIRE,
    define: { ...common.define, ...define },
    plugins: plant === undefined ? [] : [planted(plant)]
  })
  return {
    main: join(folder, "main.js"),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

const planted = ({ file, from, to, what }: Plant): Plugin => ({
  name: "plant",
  setup: ({ onLoad }) => {
    onLoad({ filter: new RegExp(`src/${file.replaceAll(".", "\\.")}$`) }, ({ path }) => {
      const source = readFileSync(path, "utf8")
      if (source.split(from).length !== 2) throw new Error(`${file} does not have once what is changed for "${what}"`)
      return { contents: source.replace(from, () => to), loader: "ts" }
    })
  }
})

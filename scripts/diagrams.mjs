// @ts-check
// Draws docs/diagrams/*.svg from the .dot files there: `node scripts/diagrams.mjs` writes them. A test compares, so
// that they are never out of date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { instance } from "@viz-js/viz"
import { ROOT } from "./source.mjs"

const FOLDER = join(ROOT, "docs", "diagrams")

/** How all of them look: readable on white and on black. */
const STYLE = {
  graphAttributes: { rankdir: "TB", bgcolor: "white", fontname: "sans-serif", pad: 0.2, nodesep: 0.5, ranksep: 0.55 },
  nodeAttributes: {
    shape: "box",
    style: "rounded,filled",
    fillcolor: "#dde9f7",
    color: "#34659b",
    fontname: "sans-serif"
  },
  edgeAttributes: { fontname: "sans-serif", fontsize: 10, color: "#555555" }
}

/** The pictures by name. */
export const draw = async () => {
  const viz = await instance()
  /** @type {Record<string, string>} */
  const pictures = {}
  for (const file of readdirSync(FOLDER)
    .filter((name) => name.endsWith(".dot"))
    .sort()) {
    const source = readFileSync(join(FOLDER, file), "utf8")
    const about = /^\/\/ (.*)\.$/m.exec(source)?.[1] ?? file
    const text = source.replace("{", '{\n  start [shape=point, width=0.15, label=""]')
    const picture = viz.renderString(text, { format: "svg", ...STYLE })
    pictures[file.replace(/dot$/, "svg")] = picture.replace(/<svg[^>]*>/, (svg) => `${svg}\n<title>${about}</title>`)
  }
  return pictures
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, picture] of Object.entries(await draw())) writeFileSync(join(FOLDER, name), picture)

import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { transform } from "esbuild"
import { parseAst } from "vitest/node"

/**
 * A plugin of esbuild that puts a counter at the beginning of every block of the files of `src`: bodies, branches of
 * conditions and of `&&`, `||` and `??`, cases. The parser is the one that vitest brings.
 *
 * @param {string} root of the repository
 * @returns {import("esbuild").Plugin}
 */
export const instrument = (root) => ({
  name: "instrument",
  setup: (build) =>
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8")
      const { code } = await transform(source, {
        loader: "ts",
        target: "node20",
        define: { PARLEY_VERSION: '"0.0.0"' }
      })
      return { contents: withCounters(code, relative(root, path)), loader: "js" }
    })
})

/** @type {(code: string, file: string) => string} */
const withCounters = (code, file) => {
  /** @type {Array<{ at: number, rank: number, text: string }>} */
  const insertions = []
  let blocks = 0
  const count = () => `parleyCounters[${blocks++}]++`
  /** @param {number} at */
  const inBlock = (at) => insertions.push({ at, rank: insertions.length, text: `${count()};` })
  /** @param {any} node */
  const inExpression = (node) => around(node, `(${count()},(`, "))")
  /** @param {any} node */
  const inStatement = (node) => (node.type === "BlockStatement" ? undefined : around(node, `{${count()};`, "}"))
  /** @type {(node: any, before: string, after: string) => void} */
  const around = (node, before, after) => {
    const rank = insertions.length
    // Of what ends at one place the inner comes first, of what begins there the outer.
    insertions.push({ at: node.start, rank, text: before }, { at: node.end, rank: -rank - 1, text: after })
  }

  /** @param {any} node */
  const visit = (node) => {
    if (node === null || typeof node !== "object") return
    if (Array.isArray(node)) {
      for (const each of node) visit(each)
      return
    }
    if (node.type === "BlockStatement") inBlock(node.start + 1)
    if (node.type === "ArrowFunctionExpression" && node.expression) inExpression(node.body)
    if (node.type === "ConditionalExpression") for (const way of [node.consequent, node.alternate]) inExpression(way)
    if (node.type === "LogicalExpression") inExpression(node.right)
    if (node.type === "SwitchCase") inBlock(code.indexOf(":", node.test === null ? node.start : node.test.end) + 1)
    if (node.type === "IfStatement")
      for (const way of [node.consequent, node.alternate]) if (way !== null) inStatement(way)
    if (/^(For|While|DoWhile|ForOf|ForIn)Statement$/.test(node.type)) inStatement(node.body)
    for (const key of Object.keys(node)) if (key !== "type") visit(node[key])
  }
  visit(parseAst(code).body)
  insertions.sort((a, b) => a.at - b.at || a.rank - b.rank)
  let text = ""
  let from = 0
  for (const { at, text: inserted } of insertions) {
    text += code.slice(from, at) + inserted
    from = at
  }
  return `const parleyCounters = globalThis.parleyFuzzCounters?.(${JSON.stringify(file)}, ${blocks}) ?? [];${text}${code.slice(from)}`
}

import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The rooms whose texts people may meet. What a peer or a server says comes from the same ones, over there. */
const ROOMS = ["cli", "client", "core", "domain", "layers/node", "protocol", "server", "main.ts"]

/**
 * Every text in the source that reads like words: string and template literals with a space between two words; `‹…›`
 * stands for what is computed. Neither comments nor what only programmers write. In the order of the alphabet, each
 * once.
 */
export const texts = (): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const room of ROOMS)
    for (const path of filesOf(new URL(`../../src/${room}`, import.meta.url)))
      for (const text of literals(readFileSync(path, "utf8"))) if (isProse(text)) found.add(text)
  return [...found].sort()
}

/** What has several lines is a program of its own. */
const isProse = (text: string): boolean => /\p{L}{2}[,;:.]? \p{L}/u.test(text) && !text.includes("\n")

const filesOf = (root: URL): ReadonlyArray<string> => {
  const path = fileURLToPath(root)
  if (path.endsWith(".ts")) return [path]
  return (
    readdirSync(path, { recursive: true, encoding: "utf8" })
      // Tables of characters are no texts.
      .filter((name) => name.endsWith(".ts") && !name.endsWith("Data.ts"))
      .map((name) => `${path}/${name}`)
  )
}

/** The literals of a file; what is computed in one is looked through too, and left out of what is around it. */
export const literals = (source: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let at = 0
  const skipCode = (end: string) => {
    for (let depth = 0; at < source.length; ) {
      const here = source[at]!
      if (source.startsWith("//", at)) at = lineEnd(source, at)
      else if (source.startsWith("/*", at)) at = after(source, "*/", at)
      else if (here === '"' || here === "'") quoted(here)
      else if (here === "`") template()
      else if (isRegExp(source, at)) at = regExpEnd(source, at)
      else if (here === end && depth === 0) return
      else {
        if (here === "{") depth++
        if (here === "}") depth--
        at++
      }
    }
  }
  const quoted = (quote: string) => {
    let text = ""
    for (at++; at < source.length && source[at] !== quote; at++)
      text += source[at] === "\\" ? escaped(source[++at]) : source[at]
    at++
    found.push(text)
  }
  const template = () => {
    let text = ""
    for (at++; at < source.length && source[at] !== "`"; at++) {
      if (source.startsWith("${", at)) {
        at += 2
        skipCode("}")
        text += "‹…›"
      } else text += source[at] === "\\" ? escaped(source[++at]) : source[at]
    }
    at++
    found.push(text)
  }
  skipCode("")
  return found
}

const escaped = (character: string | undefined): string => (character === "n" ? "↵" : (character ?? ""))

const lineEnd = (source: string, at: number): number => after(source, "\n", at)

const after = (source: string, mark: string, at: number): number => {
  const end = source.indexOf(mark, at)
  return end < 0 ? source.length : end + mark.length
}

/** A slash where no value stands before it. */
const isRegExp = (source: string, at: number): boolean =>
  source[at] === "/" && /(?:^|[=(,:[!&|?{};>]|\breturn)\s*$/.test(source.slice(Math.max(0, at - 20), at))

const regExpEnd = (source: string, at: number): number => {
  let inClass = false
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === "\\") i++
    else if (source[i] === "[") inClass = true
    else if (source[i] === "]") inClass = false
    else if (source[i] === "/" && !inClass) return i + 1
    else if (source[i] === "\n") return at + 1
  }
  return at + 1
}

import { DATA } from "./ConfusablesData.js"

/**
 * The skeleton of UTS 39 §4: two texts look alike when their skeletons are the same. Case is kept (`I` looks like `l`,
 * `i` does not); the skeleton is for comparison alone, never for display.
 *
 * Every text has one, and it depends on the text alone, so that servers and clients with the same data agree. For plain
 * ASCII the table is not needed.
 */
export const skeleton = (text: string): string => {
  if (ASCII.test(text)) return text.replace(ASCII_CONFUSABLES, (char) => ASCII_PROTOTYPES[char]!)
  const prototypes = table()
  let mapped = ""
  for (const char of text.normalize("NFD")) {
    if (!IGNORABLE.test(char)) mapped += prototypes.get(char) ?? char
  }
  return mapped.normalize("NFD")
}

/** Each confusable character with its prototype. Parsed on first use: most programs only ever meet ASCII nicknames. */
export const table = (): ReadonlyMap<string, string> => {
  parsed ??= parse(DATA)
  return parsed
}

let parsed: ReadonlyMap<string, string> | undefined

const parse = (data: string): ReadonlyMap<string, string> => {
  const prototypes = new Map<string, string>()
  for (const word of data.trim().split(/\s+/)) {
    const [target, characters] = word.split("=")
    const prototype = String.fromCodePoint(...target!.split(".").map((code) => Number.parseInt(code, 36)))
    let code = 0
    for (const distance of characters!.split(",")) {
      code += Number.parseInt(distance, 36)
      prototypes.set(String.fromCodePoint(code), prototype)
    }
  }
  return prototypes
}

/** The rows of the table for ASCII; a test holds the two together. */
const ASCII_PROTOTYPES: Readonly<Record<string, string>> = {
  '"': "''",
  "%": "º/₀",
  "0": "O",
  "1": "l",
  I: "l",
  "`": "'",
  m: "rn",
  "|": "l"
}
const ASCII_CONFUSABLES = /["%01I`m|]/g
const ASCII = /^[ -~]*$/
/** An invisible character cannot tell two texts apart (UTS 39 §4, step 2 of the skeleton). */
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u

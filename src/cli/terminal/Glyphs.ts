import { isRepeated, type Paragraph, type Printed } from "./Wrap.js"

/**
 * The program's own signs for terminals that may have no others than those of ASCII. What people write stays as it is:
 * a locale that says nothing is more often forgotten than meant.
 */
export const ascii = (text: string): string => text.replace(SIGNS, (sign) => WORDS[sign]!)

/** The same for what is printed: of a paragraph, the lines are what somebody wrote. */
export const asciiPrinted = (printed: Printed): Printed => {
  if (typeof printed === "string") return ascii(printed)
  if (isRepeated(printed)) return { repeated: asciiPrinted(printed.repeated) as string | Paragraph }
  const { mark } = printed
  return { ...printed, head: ascii(printed.head), ...(mark === undefined ? {} : { mark: () => ascii(mark()) }) }
}

/** The same for rows whose width counts: each sign is one cell. */
export const asciiRow = (text: string): string => text.replace(SIGNS, (sign) => CELLS[sign]!)

/** The same for what is typed, where only what stands around it is the program's. */
export const asciiInput = <A extends { readonly prompt: string; readonly status?: ReadonlyArray<string> }>(
  view: A
): A => ({ ...view, prompt: ascii(view.prompt), status: (view.status ?? []).map(asciiRow) })

const CELLS: Readonly<Record<string, string>> = {
  "→": ">",
  "↔": "-",
  "…": "~",
  "✓": "v",
  "✗": "x",
  "█": "#",
  "░": ".",
  "─": "-",
  "│": "|",
  "·": "-",
  "↓": "v",
  "•": "*",
  "●": "*",
  "○": "o"
}
const WORDS: Readonly<Record<string, string>> = { ...CELLS, "→": "->", "↔": "<->", "…": "...", "✓": "(verified)" }
const SIGNS = new RegExp(`[${Object.keys(CELLS).join("")}]`, "gu")

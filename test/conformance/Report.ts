import { Broken, type Check } from "./Check.js"

export interface Result {
  readonly rule: string
  readonly says: string
  readonly outcome: "holds" | "broken" | "failed"
  /** What was seen instead; for `failed`, what went wrong in the suite. */
  readonly why?: string
  readonly ms: number
}

/** Runs the checks one after the other. `tell` hears of each as it is done; none is run after one that `isEnough`. */
export const runAll = async <Context>(
  checks: ReadonlyArray<Check<Context>>,
  context: Context,
  tell: (result: Result) => void = () => {},
  isEnough: (result: Result) => boolean = () => false
): Promise<ReadonlyArray<Result>> => {
  const results: Array<Result> = []
  for (const check of checks) {
    const result = await runOne(check, context)
    results.push(result)
    tell(result)
    if (isEnough(result)) break
  }
  return results
}

const runOne = async <Context>({ rule, run, says }: Check<Context>, context: Context): Promise<Result> => {
  const began = performance.now()
  const done = () => Math.round(performance.now() - began)
  try {
    await run(context)
    return { rule, says, outcome: "holds", ms: done() }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { rule, says, outcome: error instanceof Broken ? "broken" : "failed", why, ms: done() }
  }
}

export const line = ({ ms, outcome, rule, says, why }: Result): string =>
  `${MARKS[outcome]} §${rule.padEnd(7)} ${says} (${ms} ms)${why === undefined ? "" : `\n            ${why}`}`

const MARKS = { holds: "ok  ", broken: "NOT ", failed: "?   " } as const

export const summary = (results: ReadonlyArray<Result>): string => {
  const count = (outcome: Result["outcome"]) => results.filter((one) => one.outcome === outcome).length
  return `${count("holds")} hold, ${count("broken")} do not, ${count("failed")} could not be tried`
}

/** For CI: JUnit's XML. */
export const junit = (name: string, results: ReadonlyArray<Result>): string => {
  const cases = results.map(({ ms, outcome, rule, says, why }) => {
    const failure = outcome === "holds" ? "" : `<failure message="${escapeXml(why ?? outcome)}"/>`
    return `  <testcase classname="§${rule}" name="${escapeXml(says)}" time="${ms / 1_000}">${failure}</testcase>`
  })
  const failures = results.filter(({ outcome }) => outcome !== "holds").length
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="${escapeXml(name)}" tests="${results.length}" failures="${failures}">
${cases.join("\n")}
</testsuite>
`
}

const escapeXml = (text: string): string =>
  text.replace(
    /[<>&"\p{Cc}]/gu,
    (character) => `&#${character.codePointAt(0)! < 32 ? 0xfffd : character.codePointAt(0)};`
  )

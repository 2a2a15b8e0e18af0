import { expect, it } from "vitest"
import { literals, texts } from "./Literals.js"

it("all texts that a person can meet are as they were read last; -u takes new ones over", async () => {
  await expect(`${texts().join("\n")}\n`).toMatchFileSnapshot("golden-texts.txt")
})

it("texts are found wherever they stand", () => {
  const source = `const a = "one two" // not "this one"
const b = \`three \${c ? "four five" : \`six \${d} seven\`} eight\`
const e = /"no text"/.test(x) /* "nor this" */
const f = 'it\\'s "nine"'`
  expect(literals(source)).toEqual(["one two", "four five", "six ‹…› seven", "three ‹…› eight", `it's "nine"`])
})

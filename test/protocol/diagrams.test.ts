import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { draw } from "../../scripts/diagrams.mjs"

it("the pictures of states are those of their texts: node scripts/diagrams.mjs draws them anew", async () => {
  const pictures = Object.entries(await draw())
  expect(pictures.length).toBeGreaterThan(0)
  for (const [name, picture] of pictures)
    expect(readFileSync(new URL(`../../docs/diagrams/${name}`, import.meta.url), "utf8"), name).toBe(picture)
})

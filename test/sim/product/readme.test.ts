import { readFile } from "node:fs/promises"
import { expect, it } from "vitest"

it("the README shows the very simulation that is tested here", async () => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8")
  // Whoever copies it has the bot beside it.
  const tested = (await read("./readme-example.test.ts")).replace('"../../../scenarios/product/bot.js"', '"./bot.js"')
  expect(await read("../../../README.md")).toContain(tested)
})

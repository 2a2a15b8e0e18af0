import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { Consumer, codeIn, consumer, ROOT } from "./Consumer.js"

// Installs compilers from the registry: the full run alone.
describe.runIf(full)("the types of the packed file", () => {
  let project: Consumer
  beforeAll(async () => {
    project = await consumer("effect", "vitest", "@types/node", "typescript@5.9.3", "typescript7@npm:typescript@7.0.2")
    project.copy("test/package/Declarations.ts", "src/declarations.ts")
    for (const [number, code] of codeIn("docs/library.md", "ts").entries())
      project.write(`src/library-${number}.ts`, code)
    const [bot = "", start = ""] = codeIn("README.md", "ts")
    project.write("src/bot.ts", bot)
    project.write("src/start.ts", start)
    project.write("src/bot.test.ts", codeIn("README.md", "ts").at(-1)!)
  })
  afterAll(() => project.remove())

  it("are those that the examples are compiled with, strictly", async () => {
    project.copy("examples")
    for (const compiler of ["typescript", "typescript7"])
      await project.node(`node_modules/${compiler}/bin/tsc`, "-p", "examples")
  })

  for (const compiler of ["typescript", "typescript7"])
    for (const [module, moduleResolution] of [
      ["NodeNext", "NodeNext"],
      ["ESNext", "Bundler"]
    ])
      it(`can all be named by ${compiler} with ${moduleResolution}`, async () => {
        const compilerOptions = { ...STRICT, module, moduleResolution }
        project.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["src"] }))
        await project.node(`node_modules/${compiler}/bin/tsc`, "-p", ".")
      })
})

it.runIf(full)(
  "everything that is exported names only what is exported",
  async () => {
    const checkout = new Consumer(ROOT)
    const { stdout, stderr } = await checkout.run("npm", ["run", "--silent", "api", "--", "--emit", "none"])
    expect(stdout + stderr).not.toMatch(/warning|error/)
  },
  300_000
)

/** The strictest that a library is compiled with. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  declaration: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  target: "ES2022",
  lib: ["ES2023"],
  types: ["node"],
  rootDir: "src",
  outDir: "out"
}

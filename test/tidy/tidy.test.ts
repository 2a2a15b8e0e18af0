import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import * as Rooms from "../../scripts/rooms.mjs"
import * as Source from "../../scripts/source.mjs"
import * as Tidy from "../../scripts/tidy.mjs"

const file = (path: string, ...lines: ReadonlyArray<string>) => ({ path, text: `${lines.join("\n")}\n` })

const lines = (count: number, text: string): ReadonlyArray<string> => Array.from({ length: count }, () => text)

it("everything here is tidy", () => expect(Tidy.problems()).toEqual([]))

describe("the picture of the rooms", () => {
  const picture = (...imports: ReadonlyArray<string>) =>
    Rooms.draw([
      file("src/domain/A.ts"),
      file("src/core/peer/B.ts", 'import "../../domain/A.js"'),
      file("src/core/client/C.ts", 'import "../peer/B.js"'),
      file("src/client/D.ts", ...imports)
    ])

  it("is of today (`node scripts/rooms.mjs` draws it anew)", () => {
    expect(readFileSync(Rooms.PICTURE, "utf8")).toBe(Rooms.draw(Source.read(["src"])))
  })

  it("changes with the imports between rooms, and only with those", () => {
    const plain = picture('import "../core/peer/B.js"')
    expect(picture("", 'import "../core/client/C.js"', 'import "./E.js"')).toBe(plain)
    expect(picture('import "../domain/A.js"')).not.toBe(plain)
    // It follows from the others.
    expect(picture('import "../core/peer/B.js"', 'import "../domain/A.js"')).toBe(plain)
  })

  it("is refused when rooms stand on each other", () => {
    expect(() =>
      Rooms.draw([file("src/core/A.ts", 'import "../cli/B.js"'), file("src/cli/B.ts", 'import "../core/A.js"')])
    ).toThrow("rooms in a circle: cli -> core -> cli")
  })
})

describe("the map for people", () => {
  /** Of a text, what it names as a file: a path from the root, or one as it ends in `src`, without `.ts`. */
  const astray = (text: string): ReadonlyArray<string> => {
    const paths = Source.read(["src", "test"]).map(({ path }) => path)
    return [...text.matchAll(/`([\w./]+\/[\w./]+)`/g)]
      .map(([, name]) => name!)
      .filter((name) => !existsSync(join(Source.ROOT, name)))
      .filter((name) => !paths.some((path) => path.endsWith(`/${name}.ts`) || path.startsWith(`src/${name}/`)))
  }

  it.each(["docs/architecture.md", "CONTRIBUTING.md"])("names files that there are: %s", (path) => {
    // Commands, addresses and file names as people type them.
    const typed = [".ci/run", "effect/Effect", "dist/main.js"]
    expect(astray(readFileSync(join(Source.ROOT, path), "utf8")).filter((name) => !typed.includes(name))).toEqual([])
  })

  it("is noticed when it names others", () => {
    expect(astray("`path/Paths`, `src/core/peer/Peers.ts`, `chat/Parrot` and `src/attic/`")).toEqual([
      "chat/Parrot",
      "src/attic/"
    ])
  })
})

describe("what a file imports", () => {
  it("is read from statements, re-exports and dynamic imports, of values and types", () => {
    const text = [
      'import "./effect.js"',
      'import * as All from "./all.js"',
      'import type { A } from "../types/A.js"',
      'import def, { type B } from "package"',
      "import {",
      "  C,",
      "  D",
      '} from "./several.js"',
      'export * as Self from "./Sample.js"',
      'export { E } from "./E.js"',
      'const late = import("./late.js")',
      'const crypto: typeof import("node:crypto") = load()'
    ]
    expect(Source.importsOf(file("src/core/Sample.ts", ...text))).toEqual([
      { specifier: "./effect.js", line: 1, target: "src/core/effect.ts" },
      { specifier: "./all.js", line: 2, target: "src/core/all.ts" },
      { specifier: "../types/A.js", line: 3, target: "src/types/A.ts" },
      { specifier: "package", line: 4, target: undefined },
      { specifier: "./several.js", line: 8, target: "src/core/several.ts" },
      { specifier: "./Sample.js", line: 9, target: "src/core/Sample.ts" },
      { specifier: "./E.js", line: 10, target: "src/core/E.ts" },
      { specifier: "./late.js", line: 11, target: "src/core/late.ts" },
      { specifier: "node:crypto", line: 12, target: undefined }
    ])
  })

  it("is not what a comment or a text says", () => {
    const text = [
      "// An import from",
      ' * "./nowhere.js" would do.',
      'const text = "import x from "',
      "export const a = 1"
    ]
    expect(Source.importsOf(file("src/core/Sample.ts", ...text))).toEqual([])
  })

  it("is found in this very repository", () => {
    const imports = Source.read(["src"]).flatMap(Source.importsOf)
    expect(imports.length).toBeGreaterThan(1_000)
    const paths = new Set(Source.read(["src"]).map(({ path }) => path))
    const astray = imports.filter(({ target }) => target !== undefined && !paths.has(target))
    // Types of what the bundler puts in.
    expect(astray.map(({ target }) => target).filter((target) => !target?.endsWith(".d.ts"))).toEqual([])
  })
})

describe("an import is refused", () => {
  it.each([
    ["src/domain/A.ts", "../protocol/B.js", /domain may not import protocol/],
    ["src/protocol/A.ts", "../core/peer/B.js", /protocol may not import core/],
    ["src/core/peer/A.ts", "../../services/B.js", /core may not import services/],
    ["src/services/A.ts", "../core/B.js", /services may not import core/],
    ["src/layers/node/A.ts", "../memory/B.js", /layers\/node may not import layers\/memory/],
    ["src/layers/memory/A.ts", "../../core/B.js", /layers\/memory may not import core/],
    ["src/server/A.ts", "../client/B.js", /server may not import client/],
    ["src/client/A.ts", "../server/B.js", /client may not import server/],
    ["src/client/A.ts", "../layers/node/B.js", /client may not import layers\/node/],
    ["src/cli/terminal/A.ts", "../../layers/node/B.js", /cli may not import layers\/node/],
    ["src/sim/A.ts", "../client/B.js", /sim may not import client/],
    ["src/sim/A.ts", "../layers/node/Crypto.js", /sim may not import layers\/node/],
    ["src/cli/A.ts", "../main.js", /cli may not import src\/main.ts/],
    ["src/attic/A.ts", "../domain/B.js", /attic is not on the map/],
    ["src/core/A.ts", "effect/Effect", /decide in pure code/],
    ["src/domain/A.ts", "@effect/platform/FileSystem", /decide in pure code/],
    ["src/core/A.ts", "node:crypto", /only layers\/node talks to Node/],
    ["src/sim/A.ts", "node:fs", /only layers\/node talks to Node/],
    ["src/client/A.ts", "effect", /import deeply/],
    ["src/cli/A.ts", "@effect/cli", /import deeply/],
    ["src/main.ts", "@effect/platform-node", /import deeply/],
    ["src/cli/A.ts", "@effect/platform-node/NodeContext", /only main and layers\/node name the platform/]
  ])("%s -> %s", (path, specifier, problem) => {
    const found = Tidy.imports([file(path, "", `import type { B } from "${specifier}"`)])
    expect(found).toEqual([expect.stringMatching(problem)])
    expect(found[0]).toContain(`${path}:2: `)
  })

  it.each([
    ["src/core/A.ts", "effect/Either"],
    ["src/core/peer/A.ts", "./path/Path.js"],
    ["src/core/A.ts", "../domain/Endpoint.js"],
    ["src/layers/node/A.ts", "node:net"],
    ["src/cli/A.ts", "../client/Client.js"],
    ["src/main.ts", "./layers/node/Layers.js"],
    ["src/main.ts", "@effect/platform-node/NodeRuntime"],
    ["src/sim/DefaultCrypto.ts", "../layers/node/Crypto.js"]
  ])("but not %s -> %s", (path, specifier) => {
    expect(Tidy.imports([file(path, `import { B } from "${specifier}"`)])).toEqual([])
  })

  it("and so is a file beside the rooms", () => {
    expect(Tidy.imports([file("src/helpers.ts")])).toEqual(["src/helpers.ts: a file belongs into a room"])
  })
})

describe("a circle", () => {
  const circle = [
    file("src/core/A.ts", 'import { B } from "./B.js"'),
    file("src/core/B.ts", 'import type { C } from "./C.js"'),
    file("src/core/C.ts", 'import type { A } from "./A.js"'),
    file("src/core/D.ts", 'import type { A } from "./A.js"', 'export * as D from "./D.js"')
  ]

  it("is found, although only types close it, and told once", () => {
    expect(Tidy.circles(circle)).toEqual(["circle: src/core/A.ts -> src/core/B.ts -> src/core/C.ts and back"])
    expect(Tidy.circles(circle.slice(1))).toEqual([])
  })

  it("that is meant does not hide another one through the same files", () => {
    const [kernel, process] = ["src/sim/kernel/Kernel.ts", "src/sim/kernel/Process.ts"]
    const pair = [file(kernel, 'import "./Process.js"'), file(process, 'import "./Kernel.js"')]
    expect(Tidy.circles(pair)).toEqual([])
    const third = file("src/sim/kernel/Queue.ts", 'import "./Process.js"')
    expect(Tidy.circles([file(kernel, 'import "./Process.js"', 'import "./Queue.js"'), pair[1]!, third])).toEqual([
      "circle: src/sim/kernel/Kernel.ts -> src/sim/kernel/Process.ts -> src/sim/kernel/Queue.ts and back"
    ])
  })
})

describe("a function", () => {
  it("is no exception to the rule once it has become short", () => {
    const long = new Set(Tidy.longFunctions(Source.read(["src"])).map(({ path, name }) => `${path} ${name}`))
    expect(Tidy.LONG_FUNCTIONS.filter((exception) => !long.has(exception))).toEqual([])
  })

  it.each([
    ["of its own", "long", ["export function long(a: number): void {", "}"]],
    ["that is an arrow", "long", ["export const long = (a: number): void => {", "}"]],
    ["with its parameters on lines of their own", "long", ["const long = (", "  a: number", "): void => {", "}"]],
    ["that is a generator in an arrow", "long", ["const long = Effect.gen(function* () {", "})"]],
    ["that is a method", "#long", ["  async #long<A>(a: A): Promise<A> {", "  }"]],
    ["that is a constructor", "constructor", ["  constructor(", "    readonly a: number", "  ) {", "  }"]],
    ["that is an expression", "long", ["const long = (a: number) =>", "other"]],
    ["that is an object", "long", ["const long = (a: number) => ({", "})"]],
    ["in an object", "long", ["  long: (a: number) => {", "  },"]]
  ])("%s may fill a screen, and no more", (_, name, [...frame]) => {
    const end = frame.pop()!
    const body = (count: number) => file("src/core/A.ts", ...frame, ...lines(count, "      step()"), end)
    expect(Tidy.functions([body(Tidy.MAX_FUNCTION)])).toEqual([])
    expect(Tidy.functions([body(Tidy.MAX_FUNCTION + 1)])).toEqual([
      `src/core/A.ts:${frame.length}: ${name} has 71 lines, 70 fit on a screen`
    ])
  })

  it.each([
    ["a class", ["export class A {", "}"]],
    ["an object", ["const a = {", "}"]],
    ["a type", ["export interface A {", "}"]],
    ["a list", ["const a = make([", "])"]]
  ])("is not the same as %s", (_, [first, last]) => {
    expect(Tidy.functions([file("src/core/A.ts", first!, ...lines(200, "  a: 1,"), last!)])).toEqual([])
  })

  it("is called by what it stands in", () => {
    const inner = ["  }).pipe(", "    Effect.map(function* () {", ...lines(71, "      step()"), "    })", "  )"]
    const text = ["export const outer = (", "  a: number", "): number =>", "  other({", "    a,", ...inner]
    expect(Tidy.functions([file("src/core/A.ts", ...text)]).map((problem) => problem.split(" ")[1])).toEqual([
      "outer",
      "outer"
    ])
  })
})

describe("a line", () => {
  const wide = "x".repeat(Tidy.MAX_COLUMNS)

  it.each([
    ["code", `${wide};`],
    ["a comment", `// ${wide}`],
    ["a docstring with a text in it", ` * "${wide}"`],
    ["code beside a text", `${wide} = "a"`]
  ])("is too wide: %s", (_, line) => {
    expect(Tidy.widths([file("test/a.ts", "", line)])).toEqual([`test/a.ts:2: ${line.length} columns`])
  })

  it.each([
    ["as wide as the formatter makes it", wide],
    ["with one text that nobody may break", `  "${wide}",`],
    ["with one pattern that nobody may break", `  const pattern = /${wide}/g`],
    ["counted in characters", `// ${"…".repeat(Tidy.MAX_COLUMNS - 3)}`]
  ])("may be %s", (_, line) => {
    expect(Tidy.widths([file("test/a.ts", line)])).toEqual([])
  })
})

describe("a line of a document", () => {
  const wide = "word ".repeat(Tidy.MAX_COLUMNS / 5).concat("more")

  it.each([
    ["a paragraph", wide],
    ["behind what may not be broken", `${"word ".repeat(24)}\`code\` x`],
    ["behind a block of code", "```", "```", wide]
  ])("is too wide: %s", (_, ...lines) => {
    expect(Tidy.prose([file("docs/a.md", ...lines)])).toEqual([
      `docs/a.md:${lines.length}: ${lines.at(-1)!.length} columns`
    ])
  })

  it.each([
    ["in a table", `| ${wide} |`],
    ["in a block of code", "```json", wide, "```"],
    ["with code that nobody may break", `\`${wide}\` is`],
    ["with an address", `[there](${"x".repeat(Tidy.MAX_COLUMNS)})`],
    ["counted in characters", "…".repeat(Tidy.MAX_COLUMNS)]
  ])("may be wide %s", (_, ...lines) => {
    expect(Tidy.prose([file("docs/a.md", ...lines)])).toEqual([])
  })
})

describe("a way to the terminal", () => {
  it.each([
    ["src/server/A.ts", 'console.error("x")'],
    ["src/cli/A.ts", 'Console.log("x")'],
    ["src/cli/A.ts", "Logger.withConsoleError(Logger.logfmtLogger)"],
    ["src/layers/node/A.ts", "process.stderr.write(text)"],
    ["src/layers/node/A.ts", "const { stdout } = process; stdout.write(text)"],
    ["src/layers/node/A.ts", "writeSync(1, text)"],
    ["src/cli/A.ts", "yield* terminal.paint(text)"],
    ["src/cli/A.ts", "const { paint } = yield* Terminal"]
  ])("past the one that cleans every text is refused: %s %s", (path, line) => {
    expect(Tidy.screens([file(path, "// console.log", line)])).toEqual([expect.stringContaining(`${path}:2: `)])
  })

  it("is open for those who have a reason", () => {
    expect(Tidy.screens([file("src/layers/node/Terminal.ts", "process.stderr.write(text)")])).toEqual([])
    expect(Tidy.screens([file("src/cli/terminal/Painter.ts", "this.#terminal.paint(text)")])).toEqual([])
  })
})

describe("a lock file", () => {
  const whole = {
    packages: {
      "": { dependencies: { tool: "1.0.0" }, devDependencies: { other: "^2.0.0" } },
      "node_modules/tool": {
        version: "1.0.0",
        optionalDependencies: { "@tool/linux": "1.0.0", "@tool/darwin": "1.0.0" }
      },
      "node_modules/@tool/linux": { version: "1.0.0" },
      "node_modules/@tool/darwin": { version: "1.0.0", optional: true },
      "node_modules/other": { version: "2.1.0", dependencies: { tool: "1.1.0" } },
      "node_modules/other/node_modules/tool": { version: "1.1.0" }
    }
  }
  const without = (path: string) => ({
    packages: Object.fromEntries(Object.entries(whole.packages).filter(([key]) => key !== path))
  })

  it("is whole", () => expect(Tidy.lock(whole)).toEqual([]))

  it("has the packages of platforms that it was not made on", () => {
    expect(Tidy.lock(without("node_modules/@tool/darwin"))).toEqual([
      "package-lock.json: @tool/darwin, which node_modules/tool needs, is missing"
    ])
  })

  it("has the version that is needed where it is looked for", () => {
    expect(Tidy.lock(without("node_modules/other/node_modules/tool"))).toEqual([
      "package-lock.json: node_modules/other needs tool 1.1.0, not 1.0.0"
    ])
  })

  it("names no registry", () => {
    const resolved = { version: "2.1.0", resolved: "https://registry.example/other-2.1.0.tgz" }
    expect(Tidy.lock({ packages: { ...whole.packages, "node_modules/other": resolved } })).toEqual([
      "package-lock.json: node_modules/other names where it was taken from"
    ])
  })
})

import { readFileSync } from "node:fs"
import * as CliConfig from "@effect/cli/CliConfig"
import * as CliOptions from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { type Options, surfaceOf } from "../../src/cli/commands/Option.js"
import { type ServerSettings, server } from "../../src/cli/commands/Server.js"
import { optionsOf } from "../../src/cli/ServerOptionsOf.js"
import { rateText } from "../../src/cli/Values.js"
import type { Rate } from "../../src/core/support/TokenBucket.js"
import type { LimitValue } from "../../src/protocol/Admin.js"
import * as AdminLimits from "../../src/server/AdminLimits.js"
import { defaults } from "../../src/server/ServerOptions.js"

/** What the program makes of these words, and what it starts the server with. */
const start = Effect.fnUntraced(function* (...words: ReadonlyArray<string>) {
  const record = Object.fromEntries(
    Object.entries(server.options as Options).map(([key, option]) => [key, option.toLibrary(key)])
  )
  const [, rest, parsed] = yield* Effect.provide(
    CliOptions.processCommandLine(CliOptions.all(record), words, CliConfig.defaultConfig),
    NodeContext.layer
  )
  expect(rest).toEqual([])
  const host = { exposure: () => Effect.succeed(undefined) }
  const settings = yield* Effect.provide(server.settings(parsed as never, host as never), NodeContext.layer)
  return { settings, limits: numbersOf(optionsOf(settings)) }
}, Effect.provide(NodeContext.layer))

/** Every number in it, by its path. */
const numbersOf = (value: unknown, path = ""): ReadonlyMap<string, number> => {
  if (typeof value === "number") return new Map([[path, value]])
  if (typeof value !== "object" || value === null) return new Map()
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...numbersOf(inner, `${path}.${key}`)]))
}

/** Something else than the default, for an option of this kind. */
const OTHER: Readonly<Record<string, string>> = { N: "7", TIME: "7s", BYTES: "40000", "N/PER_SECOND": "7/3" }

/** Not limits: where it listens, and what the protocol itself says. */
const FIXED = [".port", ".session.line", ".restart.inMs"]

it.live("every limit of the server is an option, and the manual tells of each with its default", () =>
  Effect.gen(function* () {
    const { limits: stock, settings } = yield* start()
    expect(stock).toEqual(numbersOf({ ...defaults, tls: undefined }))
    const settable = new Set<string>()
    const told: Array<string> = []
    for (const [key, option] of Object.entries(server.options as Options)) {
      const { flag, placeholder = "" } = surfaceOf(key, option)
      const other = OTHER[placeholder]
      if (other === undefined) continue
      const { limits } = yield* start(flag, other)
      const changed = [...stock].filter(([path, value]) => limits.get(path) !== value)
      expect(changed, `${flag} changes nothing`).not.toEqual([])
      for (const [path] of changed) settable.add(path)
      told.push(`${flag}: ${textOf(settings[key as keyof ServerSettings], placeholder)}`)
    }
    expect([...stock.keys()].filter((path) => !settable.has(path))).toEqual(FIXED)

    const manual = readFileSync("docs/operating.md", "utf8")
    const [, table] = manual.split("\n## Limits\n")
    const rows = [...table!.split("\n## ")[0]!.matchAll(/^\| `(--[a-z-]+)` \| (.*?) \|/gm)]
    expect(rows.map(([, flag, value]) => `${flag}: ${value}`).sort()).toEqual(told.sort())
  })
)

it("every option of the server stands in the manual", () => {
  const manual = readFileSync("docs/operating.md", "utf8")
  const flags = Object.entries(server.options as Options).map(([key, option]) => surfaceOf(key, option).flag)
  expect(flags.filter((flag) => !manual.includes(flag))).toEqual([])
})

it.live("what an operator can change while it runs has the names, and takes the values, of the options", () =>
  Effect.gen(function* () {
    const { settings } = yield* start()
    const limits = AdminLimits.all({ ...defaults, ...optionsOf(settings) })
    for (const [name, value] of Object.entries(limits)) {
      const [key, option] = Object.entries(server.options as Options).find(
        ([key, option]) => surfaceOf(key, option).flag === `--${name}`
      )!
      const { placeholder = "" } = surfaceOf(key, option)
      const other = Either.getOrThrow(option.description.parse!(OTHER[placeholder]!)) as LimitValue
      const changed = AdminLimits.change(defaults, { [name]: other })
      expect(typeof changed, name).toBe("object")
      const now = { ...defaults, ...(changed as object) }
      expect(AdminLimits.all(now), name).toEqual({ ...limits, [name]: other })
      expect(AdminLimits.change(now, { [name]: value }), name).toMatchObject({ session: defaults.session })
    }
  })
)

const textOf = (value: unknown, placeholder: string): string => {
  if (value === undefined) return "twice the line before"
  if (typeof value === "object") return rateText(value as Rate)
  return placeholder === "TIME" ? `${Number(value) / 1_000}s` : String(value)
}

it.live("an office behind one address needs one option, or is exempt", () =>
  Effect.gen(function* () {
    const made = optionsOf((yield* start("--max-connections-per-address", "200", "--exempt", "192.0.2.0/24")).settings)
    // As many as may be there come in within ten minutes, and once more after a restart of their network.
    expect(made.address).toMatchObject({ connections: 200, rate: { burst: 400 } })
    expect(made.exempt).toEqual(["192.0.2.0/24"])
    const words = ["--max-connections-per-address", "200", "--new-connections-per-address", "7"]
    expect(optionsOf((yield* start(...words)).settings).address.rate.burst).toBe(7)
  })
)

it.live("--private lists nobody, and is not said beside something else", () =>
  Effect.gen(function* () {
    expect((yield* start()).settings.listing).toBe("full")
    for (const words of [["--private"], ["--private", "--listing", "nobody"]])
      expect(optionsOf((yield* start(...words)).settings).listing).toBe("nobody")
    const both = yield* Effect.flip(start("--private", "--listing", "names"))
    expect(both).toMatchObject({ exitCode: 2, message: expect.stringContaining("say one of them") })
  })
)

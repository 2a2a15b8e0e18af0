import { readdirSync, readFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logging from "../../src/cli/Logging.js"
import { Terminal } from "../../src/services/Terminal.js"

/** What a program writes into the log, without the time and the fiber. */
const logged = (format: Logging.Format, isPersonal: boolean, program: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const terminal = { writeError: (line: string) => Effect.sync(() => void lines.push(line)) }
    yield* Effect.provide(
      Logging.provide(format, isPersonal)(program),
      Layer.succeed(Terminal, terminal as unknown as Terminal["Type"])
    )
    return lines.join("").replace(/timestamp=\S+ |fiber=\S+ |"timestamp":"[^"]+",/g, "")
  })

const refused = (from: string) =>
  Effect.annotateLogs(Effect.logInfo("refused"), { reason: "token", count: 2, from, nick: "alice" })

it.effect("has networks instead of addresses and no nickname, unless it may", () =>
  Effect.gen(function* () {
    expect(yield* logged("logfmt", false, refused("203.0.113.77"))).toMatch(
      /^level=INFO message=refused (?=.*reason=token)(?=.*count=2)(?=.*network=203\.0\.113\.0\/24\b)(?!.*(?:alice|\.77|from))/
    )
    const shortened = JSON.parse(yield* logged("json", false, refused("2001:db8:1:2::3")))
    expect(shortened).toEqual({
      level: "INFO",
      message: "refused",
      reason: "token",
      count: 2,
      network: "2001:db8:1::/48"
    })
    expect(JSON.parse(yield* logged("json", false, refused("nonsense")))).toMatchObject({ network: "-" })
    expect(JSON.parse(yield* logged("json", true, refused("203.0.113.77")))).toMatchObject({
      from: "203.0.113.77",
      nick: "alice"
    })
    // What the manual gives to fail2ban, whose <ADDR> is an address of either family.
    const [, given] = /failregex = (.+?)`/.exec(readFileSync("docs/operating.md", "utf8"))!
    const expression = new RegExp(given!.replace("<ADDR>", "([0-9a-f.:]+)"))
    for (const address of ["203.0.113.77", "2001:db8:1:2::3"]) {
      expect(expression.exec(yield* logged("logfmt", true, refused(address)))?.[1]).toBe(address)
      expect(expression.test(yield* logged("logfmt", false, refused(address)))).toBe(false)
    }
  })
)

it.effect("is one line an entry that no terminal obeys, in both formats", () =>
  Effect.gen(function* () {
    const program = Effect.annotateLogs(Effect.logError("a\nb\u001b[2J", Cause.die(new Error("c\nd"))), {
      error: 'x\u202e"y'
    })
    for (const format of Logging.FORMATS) {
      const text = yield* logged(format, true, program)
      expect(text).toMatch(/^[^\n]+\n$/)
      for (const character of ["\u001b", "\u202e"]) expect(text).not.toContain(character)
    }
    const entry = JSON.parse(yield* logged("json", true, program))
    expect(entry).toMatchObject({ level: "ERROR", error: 'x\ufffd"y', cause: expect.stringContaining("c d") })
  })
)

it("every message of a server stands in the manual with its level", () => {
  const files = [
    ...readdirSync("src/server").map((name) => `src/server/${name}`),
    ...readdirSync("src/cli").flatMap((name) => (/^Server.*\.ts$/.test(name) ? [`src/cli/${name}`] : []))
  ].filter((path) => path.endsWith(".ts"))
  const said = files.flatMap((path) => {
    const text = readFileSync(path, "utf8")
    return [...text.matchAll(/(?:\.log(Info|Warning|Error)\(|\b#?log\((?:"(info|warning)", )?)([^)]*)/g)].flatMap(
      ([, method, word, rest = ""]) =>
        [...rest.matchAll(/"([a-z][^"]+)"/g)].map(([, message]) => ({
          level: (method ?? word ?? "info").toLowerCase(),
          message: message!
        }))
    )
  })
  expect(said.length).toBeGreaterThan(12)
  const [, section = ""] = readFileSync("docs/operating.md", "utf8").split("\n## The log\n")
  const rows = section
    .split("\n## ")[0]!
    .split("\n")
    .filter((line) => line.startsWith("| "))
  const missing = said.filter(
    ({ level, message }) => !rows.some((row) => row.startsWith(`| ${level} |`) && row.includes(`\`${message}\``))
  )
  expect(missing).toEqual([])
})

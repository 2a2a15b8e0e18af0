import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Program from "../../../src/cli/terminal/Program.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"

const BELL = "\u0007"

const start = (options: Partial<Program.TerminalOptions> = {}, kept: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size: { columns: 160, rows: 30 } })
    const client = yield* FakeClient.make
    for (const [name, value] of Object.entries(kept)) client.kept.set(name, value)
    const run = Program.run(client, { nick: "alice", ...options })
    yield* Effect.fork(Effect.provideService(run, Terminal, terminal.terminal))
    yield* terminal.shows("you are alice")
    return { terminal, client }
  })

describe("/set", () => {
  it.live("shows what there is, and where it comes from", () =>
    Effect.gen(function* () {
      const { terminal } = yield* start(
        { settings: [{ name: "title", value: "off" }] },
        { bell: "mentions", words: "", gone: "1" }
      )
      terminal.type("/set\r")
      yield* terminal.shows("bell        mentions (set by you): rings")
      yield* terminal.shows("title       off (from --set or the configuration)")
      yield* terminal.shows("show        focus (default)")
      yield* terminal.shows("colors      off (as your terminal says)")
      yield* terminal.shows("words       off (set by you)")
      terminal.type("/set nobody knows\r")
      yield* terminal.shows("there is no setting nobody, but show")
      terminal.type("/set show none\r")
      yield* terminal.shows("show is one of focus, all")
    })
  )

  it.live("changes what is asked for at once, and has it remembered", () =>
    Effect.gen(function* () {
      const { client, terminal } = yield* start()
      terminal.type("/set colors 256\r")
      yield* terminal.shows("\u001b[2m*\u001b[m colors is 256 from now on")
      terminal.type("/set glyphs ascii\r/set words deploy\r/set t\t\ti\t\r")
      yield* terminal.shows("glyphs is ascii from now on")
      yield* terminal.shows("words is deploy from now on")
      expect([...client.kept]).toEqual([
        ["colors", "256"],
        ["glyphs", "ascii"],
        ["words", "deploy"]
      ])
      terminal.type("/set words default\r")
      yield* terminal.shows("words is off from now on")
      expect(client.kept.has("words")).toBe(false)
    })
  )
})

describe("/set glyphs ascii", () => {
  it.live("leaves alone what people write, wherever it is shown", () =>
    Effect.gen(function* () {
      const { client, terminal } = yield* start({ settings: [{ name: "glyphs", value: "ascii" }] })
      const says = (from: string, id: string, text: string) =>
        client.happens({ _tag: "Message", from, id: messageId(id), text })
      terminal.type("query bob\r")
      yield* terminal.shows("alice -> bob> ")
      says("bob", "1", "a → b … ✓ one")
      yield* terminal.shows("bob: a → b … ✓ one")
      says("carol", "2", "a → b … ✓ two")
      yield* terminal.shows("  carol: a → b … ✓ two")
      terminal.type("a → b … ✓ three\r")
      yield* terminal.shows("alice -> bob: a → b … ✓ three (")
      const from = terminal.output().length
      terminal.type("/full\r")
      yield* terminal.shows("| ")
      says("bob", "3", "a → b … ✓ four")
      yield* terminal.shows("bob: a → b … ✓ four")
      const whole = terminal.output().slice(from)
      expect(whole).toContain("bob: a → b … ✓ one")
      expect(whole).toContain("alice -> bob: a → b … ✓ three (")
      expect(whole).not.toMatch(/[│─·]/)
    })
  )
})

describe("/clear", () => {
  it.live("empties the screen", () =>
    Effect.gen(function* () {
      const { terminal } = yield* start()
      terminal.type("/clear\r")
      yield* terminal.shows("\u001b[2J\u001b[H")
    })
  )
})

describe("who does not look", () => {
  it.live("is rung for, and reads in the title what there is; both as they have chosen", () =>
    Effect.gen(function* () {
      const { client, terminal } = yield* start()
      yield* terminal.shows("\u001b]2;alice - parley\u0007")
      terminal.type("query bob\r")
      yield* terminal.shows("you can both").pipe(Effect.raceFirst(terminal.shows("calling")))
      const rings = () => terminal.output().split("2;alice - parley").at(-1)!.split(BELL).length
      const before = rings()
      terminal.type("\u001b[I")
      client.happens({ _tag: "Message", from: "bob", id: messageId("1"), text: "looked at" })
      yield* terminal.shows("looked at")
      expect(rings()).toBe(before)
      terminal.type("\u001b[O")
      // What is typed behind it shows that the loss of the focus was heard.
      terminal.type("x")
      yield* terminal.shows("bob> x")
      client.happens({ _tag: "Message", from: "bob", id: messageId("2"), text: "overlooked" })
      yield* terminal.shows("\u001b]2;(1) alice - parley\u0007")
      expect(terminal.output()).toContain(`${BELL}\u001b]2;(1) alice - parley`)
      terminal.type("\u001b[I\u007f/set title off\r")
      yield* terminal.shows("\u001b[23;2t")
      yield* terminal.shows("title is off")
    })
  )
})

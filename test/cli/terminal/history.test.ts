import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Program from "../../../src/cli/terminal/Program.js"
import { HistoryOff } from "../../../src/core/client/ClientError.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"
import { VirtualScreen } from "./VirtualScreen.js"

const start = (
  options: { readonly interactive?: boolean; readonly readReceipts?: boolean } = {},
  prepare: (client: FakeClient.FakeClient) => void = () => {}
) =>
  Effect.gen(function* () {
    const { interactive = false, readReceipts = false } = options
    const terminal = yield* Memory.make({ interactive, size: { columns: 80, rows: 24 } })
    const client = yield* FakeClient.make
    prepare(client)
    const program = Program.run(client, { nick: "alice", readReceipts })
    const fiber = yield* Effect.fork(Effect.provideService(program, Terminal, terminal.terminal))
    yield* terminal.shows("you are alice")
    const screen = () => {
      const fake = new VirtualScreen(80, 24)
      fake.write(terminal.output())
      return fake.text()
    }
    const calls = (name: string) => client.calls.filter((call) => call.startsWith(name))
    return { terminal, client, screen, calls, exit: Fiber.await(fiber) }
  })

describe("the history on the terminal", () => {
  it.live("shows what was said with date, time and fate, as harmless as when it was said", () =>
    Effect.gen(function* () {
      const { calls, exit, terminal } = yield* start()
      terminal.type("/history\nquery bob\n/history\n/history carol 5\n/history 9999\nexit\nexit\n")
      yield* exit
      expect(calls("history")).toEqual([
        'history {"nick":"bob","limit":20}',
        'history {"nick":"carol","limit":5}',
        'history {"nick":"bob","limit":500}'
      ])
      const output = terminal.output()
      expect(output).toContain("* type /history NICK, or /search WORDS\n")
      expect(output).toContain("* 7 earlier: /history bob 10\n")
      expect(output).toMatch(/\n19(69|70)-\d\d-\d\d \d\d:\d\d bob: from\n {4}bob\uFFFD\[2J\n/)
      expect(output).toMatch(
        /\n19\S+ \S+ alice → bob: to bob \(read\)\n19\S+ \S+ alice → bob: again \(not delivered\)\n/
      )
    })
  )

  it.live("is searched, and forgotten only where it is clear what", () =>
    Effect.gen(function* () {
      const { calls, exit, terminal } = yield* start()
      terminal.type("/search  old mill \n/search\n/history clear\n/history clear carol\n/history clear all\n")
      terminal.type("query bob\n/history clear\n/history a b\nexit\nexit\n")
      yield* exit
      expect([...calls("history"), ...calls("clearHistory")]).toEqual([
        'history {"search":"old mill"}',
        "clearHistory carol",
        "clearHistory undefined",
        "clearHistory bob"
      ])
      expect(terminal.output()).toContain("* 7 earlier with these words are not shown: add a word\n")
      expect(terminal.output()).toContain("* type /history clear NICK, or /history clear all\n")
      expect(terminal.output()).toContain("* the history with bob is gone\n")
      expect(terminal.output()).toContain("* type /history [NICK] [COUNT], or /history clear [NICK or all]\n")
    })
  )

  it.live("is mentioned once when a conversation is opened, where there is one", () =>
    Effect.gen(function* () {
      const off = new HistoryOff({ message: "history is off" })
      for (const kept of [true, false]) {
        const { exit, terminal } = yield* start({ interactive: true }, (client) => {
          if (!kept) Object.assign(client, { history: () => off })
        })
        terminal.type("query bob\rexit\rquery bob\r")
        terminal.type("/history\rexit\rexit\r")
        yield* exit
        expect(terminal.output().match(/10 messages from earlier: \/history/g) ?? []).toHaveLength(kept ? 2 : 0)
        expect(terminal.output().match(/history is off/g) ?? []).toHaveLength(kept ? 0 : 1)
      }
    })
  )
})

describe("a message that waited", () => {
  it.live("has beside it when it was written, unless that is as good as now", () =>
    Effect.gen(function* () {
      const { client, exit, terminal } = yield* start()
      const now = Date.now()
      client.happens(
        { _tag: "Message", from: "bob", id: messageId("1"), text: "one", writtenAt: now - 400 * 86_400_000 },
        { _tag: "Message", from: "bob", id: messageId("2"), text: "two", writtenAt: now },
        { _tag: "Message", from: "bob", id: messageId("3"), text: "three" }
      )
      yield* terminal.shows("bob: three")
      expect(terminal.output()).toMatch(/\nbob \(written 20\d\d-\d\d-\d\d \d\d:\d\d\): one\n/)
      expect(terminal.output()).toContain("\nbob: two\n")
      terminal.type("exit\nexit\n")
      yield* exit
    })
  )
})

describe("what was read, on the terminal", () => {
  it.live("is what was on the screen when the person typed something, and told where that is wanted", () =>
    Effect.gen(function* () {
      for (const readReceipts of [true, false]) {
        const { calls, client, exit, terminal } = yield* start({ interactive: true, readReceipts })
        terminal.type("x")
        client.happens(
          { _tag: "Message", from: "bob", id: messageId("1"), text: "one" },
          { _tag: "Message", from: "bob", id: messageId("2"), text: "two" },
          { _tag: "Message", from: "carol", id: messageId("3"), text: "three" }
        )
        yield* terminal.shows("carol: three")
        expect(calls("read")).toEqual([])
        terminal.type("y")
        terminal.type("z")
        yield* terminal.shows("xyz")
        client.happens({ _tag: "Message", from: "bob", id: messageId("4"), text: "four" })
        yield* terminal.shows("bob: four")
        terminal.type("\u0003")
        terminal.type("\u0003")
        yield* exit
        expect(calls("read")).toEqual(readReceipts ? ["read bob 2", "read carol 3", "read bob 4"] : [])
      }
    })
  )

  it.live("stands behind the message, and in the status line, until something new is said", () =>
    Effect.gen(function* () {
      const { client, exit, screen, terminal } = yield* start({ interactive: true })
      terminal.type("query bob\rhi\r")
      yield* terminal.shows("alice → bob: hi")
      client.happens({ _tag: "Read", nick: "bob", id: messageId("1") })
      yield* terminal.shows("· read")
      expect(screen().at(-3)).toMatch(/^\d\d:\d\d alice → bob: hi ✓✓$/)
      terminal.type("more\r")
      yield* terminal.shows("alice → bob: more")
      yield* terminal.shows("· delivered")
      // Of an earlier message.
      client.happens({ _tag: "Read", nick: "bob", id: messageId("1") }, { _tag: "Mutual", nick: "bob" })
      yield* terminal.shows("you can both write")
      expect(screen().at(-4)).toMatch(/alice → bob: more ✓$/)
      expect(screen().at(-2)).not.toContain("read")
      terminal.type("exit\rexit\r")
      yield* exit
    })
  )

  it.live("follows that messages of last time have arrived", () =>
    Effect.gen(function* () {
      const { client, exit, screen, terminal } = yield* start({ interactive: true })
      client.happens({ _tag: "Kept", nick: "bob", undelivered: 2 })
      yield* terminal.shows("2 messages for bob from last time")
      terminal.type("query bob\r")
      yield* terminal.shows("2 not delivered yet")
      client.happens(
        { _tag: "Delivered", nick: "bob", id: messageId("old 1") },
        { _tag: "Delivered", nick: "bob", id: messageId("old 2") }
      )
      yield* terminal.shows("bob has got 2 messages from last time")
      expect(screen().at(-1)).toBe("alice → bob>")
      terminal.type("exit\rexit\r")
      yield* exit
    })
  )
})

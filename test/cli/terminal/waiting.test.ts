import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Program from "../../../src/cli/terminal/Program.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import * as FakeClient from "../FakeClient.js"
import { VirtualScreen } from "./VirtualScreen.js"

/** A client that has asked for the nickname alice, of a server that does not answer before it is opened. */
const start = (kind: "terminal" | "dumb" = "terminal", prepare?: (client: FakeClient.FakeClient) => void) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({
      interactive: kind === "terminal",
      inputIsTty: true,
      size: { columns: 60, rows: 24 }
    })
    const client = yield* FakeClient.make
    client.server.unsafeClose()
    prepare?.(client)
    const run = Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal)
    const fiber = yield* Effect.fork(run)
    const screen = () => {
      const fake = new VirtualScreen(60, 24)
      fake.write(terminal.output())
      return fake.text()
    }
    return { terminal, client, screen, exit: Fiber.await(fiber) }
  })

/** What the client was told to do; what was only asked of it is left out. */
const done = ({ calls }: FakeClient.FakeClient) => calls.filter((call) => /^(register|query|send) /.test(call))

describe("the terminal client, before the server has answered", () => {
  for (const [how, keys] of [
    ["the word exit", "Exit\r"],
    ["Ctrl-D", "\u0004"]
  ] as const)
    it.live(`is left by ${how} while the server does not answer, however long it takes to notice`, () =>
      Effect.gen(function* () {
        for (const early of [true, false]) {
          const { terminal, client, exit } = yield* start()
          if (early) terminal.type(keys)
          while (client.calls.length === 0) yield* Effect.yieldNow()
          client.happens({ _tag: "ServerLost", message: "nobody is listening", retryInMs: 1 })
          yield* terminal.shows("nobody is listening")
          if (!early) {
            terminal.type("hello\r")
            yield* terminal.shows("the server has not answered yet")
            terminal.type(keys)
          }
          yield* exit
          expect(client.calls).toEqual(["register alice", "exit"])
        }
      })
    )

  it.live("takes keys and lines while it waits for the server, and says what it waits for", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start()
      yield* terminal.shows("waiting for the server")
      expect(screen().slice(-2)).toEqual(["── waiting for the server…", "alice>"])
      terminal.type("query bob")
      yield* terminal.shows("query bob")
      terminal.type("\r")
      while (screen().at(-1) !== "alice>") yield* Effect.yieldNow()
      expect(client.calls).toEqual(["register alice"])
      client.server.unsafeOpen()
      yield* terminal.shows("calling bob")
      expect(client.calls.slice(0, 2)).toEqual(["register alice", "query bob"])
      terminal.type("\u0003")
      terminal.type("\u0003")
      yield* exit
    })
  )

  it.live("says in the prompt what it waits for where there is no other row", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start("dumb")
      yield* terminal.shows("alice waiting for the server…> ")
      client.server.unsafeOpen()
      yield* terminal.shows("\nalice> ")
      terminal.type("exit\n")
      yield* exit
    })
  )

  for (const [how, typed, shown] of [
    ["a line", ["hello", "\r"], ['"hello" was typed before you were asked', "nickname> hello"]],
    ["the beginning of a line", ["hel"], ["alice is taken", "nickname> hel"]],
    ["a command", ["/query bob", "\r"], ['"/query bob" was typed before', "nickname> /query bob"]],
    [
      "several lines",
      ["hello", "\r", "how are you", "\r"],
      ['"hello" was typed', "Up brings it back", "nickname> hello"]
    ]
  ] as const)
    it.live(`takes ${how} that was typed while it waited for no answer to its question`, () =>
      Effect.gen(function* () {
        const { terminal, client, screen, exit } = yield* start("terminal", ({ taken }) => taken.add("alice"))
        yield* terminal.shows("waiting for the server")
        for (const keys of typed) {
          terminal.type(keys)
          while (screen().at(-1) !== `alice> ${keys}`.trim()) yield* Effect.yieldNow()
        }
        client.server.unsafeOpen()
        for (const text of shown) yield* terminal.shows(text)
        expect(client.calls).toEqual(["register alice"])
        if (how === "the beginning of a line") {
          terminal.type("lo\r")
          yield* terminal.shows('"hello" was typed before you were asked')
        }
        if (how === "several lines") {
          terminal.type("\u001b[A")
          while (screen().at(-1) !== "nickname> how are you") yield* Effect.yieldNow()
          terminal.type("\u001b[B")
          while (screen().at(-1) !== "nickname> hello") yield* Effect.yieldNow()
        }
        terminal.type(how === "a command" ? "\u0015hello\r" : "\r")
        yield* terminal.shows("you are hello")
        expect(client.calls).toEqual(["register alice", "register hello"])
        expect(screen().at(-1)).toBe("hello>")
        terminal.type("\u0003")
        yield* exit
      })
    )

  it.live("keeps what is typed while the server is away, and obeys it in its order", () =>
    Effect.gen(function* () {
      const { terminal, client } = yield* start()
      yield* terminal.shows("waiting for the server")
      client.happens({ _tag: "ServerLost", message: "nobody is listening", retryInMs: 1 })
      yield* terminal.shows("nobody is listening")
      terminal.type("query bob\rhello\r")
      yield* terminal.shows("has not answered yet")
      client.server.unsafeOpen()
      yield* terminal.shows("alice → bob: hello")
      expect(done(client)).toEqual(["register alice", "query bob", "send bob hello"])
    })
  )

  it.live("takes keys however much waits for the server, and says what it cannot take", () =>
    Effect.gen(function* () {
      const { terminal, screen, exit } = yield* start()
      yield* terminal.shows("waiting for the server")
      terminal.type("one more\r".repeat(65))
      yield* terminal.shows("64 lines wait for the server")
      terminal.type("\u001b[A")
      while (screen().at(-1) !== "alice> one more") yield* Effect.yieldNow()
      terminal.type("\u0003\u0003")
      yield* exit
    })
  )

  it.live("takes what was begun meanwhile along to the conversation that waited for the server", () =>
    Effect.gen(function* () {
      const { terminal, client, screen } = yield* start()
      yield* terminal.shows("waiting for the server")
      terminal.type("query bob\r\u001b[200~a\nb\nc\nd\ne\nf\u001b[201~")
      while (screen().at(-1) !== "f") yield* Effect.yieldNow()
      client.server.unsafeOpen()
      yield* terminal.shows("calling bob")
      while (!screen().includes("alice → bob> a")) yield* Effect.yieldNow()
      terminal.type("g\r")
      yield* terminal.shows("send 6 lines?")
      terminal.type("y")
      while (done(client).length < 3) yield* Effect.yieldNow()
      expect(done(client)).toEqual(["register alice", "query bob", "send bob a\nb\nc\nd\ne\nfg"])
    })
  )
})

import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Program from "../../../src/cli/terminal/Program.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal, type TerminalSize } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"
import { VirtualScreen } from "./VirtualScreen.js"

const SIZES = [
  [80, 24],
  [40, 15],
  [200, 60]
] as const

const LONG =
  "the train leaves at nine, so let us meet at half past eight in front of the station; bring the tickets, 漢字 and 👍🏽"
const ADDRESS = `https://example.org/${"a-long-path/".repeat(8)}index.html`

/** A short talk with a draft of two lines below it, as a screen of this size shows it. */
const talk = (size: TerminalSize, isFull = false) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size })
    const client = yield* FakeClient.make
    yield* Effect.fork(
      Effect.provideService(Program.run(client, { nick: "alice", full: isFull }), Terminal, terminal.terminal)
    )
    yield* terminal.shows("you are alice")
    terminal.type("query bob\r")
    yield* terminal.shows("messages from earlier")
    client.happens({
      _tag: "Connected",
      nick: "bob",
      fingerprint: "04217 55555",
      trust: "new",
      path: { kind: "direct", address: "192.0.2.1:9", rttMs: 3 }
    })
    yield* terminal.shows("04217 55555")
    client.happens(
      { _tag: "Message", from: "bob", id: messageId("1"), text: LONG },
      { _tag: "Message", from: "bob", id: messageId("2"), text: `tickets: ${ADDRESS}` },
      { _tag: "Message", from: "bob", id: messageId("3"), text: "one\ntwo" }
    )
    yield* terminal.shows("two")
    client.happens(
      {
        _tag: "Incoming",
        nick: "carol",
        fingerprint: "11111 22222",
        trust: "new",
        known: false,
        calls: 1,
        hidden: 0,
        answered: false
      },
      { _tag: "Message", from: "carol", id: messageId("4"), text: "are you there?" }
    )
    yield* terminal.shows("carol")
    terminal.type("my answer\u001b\rhas two lines")
    yield* terminal.shows("has two lines")
    return glass(terminal.output(), size)
  })

/** Another key is shown under the nickname of somebody who is talked to. */
const alarm = (size: TerminalSize) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size })
    const client = yield* FakeClient.make
    yield* Effect.fork(Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal))
    yield* terminal.shows("you are alice")
    terminal.type("query bob\r")
    yield* terminal.shows("messages from earlier")
    client.happens({
      _tag: "Failed",
      code: "KeyChanged",
      message: "another key",
      nick: "bob",
      change: {
        known: "04217 55555 12345 67890 11111 22222",
        offered: "98765 43210 24680 13579 33333 44444",
        verified: true
      }
    })
    yield* terminal.shows("shows this again")
    return glass(terminal.output(), size)
  })

/** The server has not answered, and something was typed meanwhile. */
const waiting = (size: TerminalSize) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({ interactive: true, size })
    const client = yield* FakeClient.make
    client.server.unsafeClose()
    yield* Effect.fork(Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal))
    yield* terminal.shows("waiting for the server")
    client.happens({ _tag: "ServerLost", message: "the server did not greet", retryInMs: 1000 })
    yield* terminal.shows("did not greet")
    terminal.type("query bob\r")
    yield* terminal.shows("has not answered")
    terminal.type("hello bob")
    yield* terminal.shows("hello bob")
    return glass(terminal.output(), size)
  })

/** What of the output is seen on a screen of this size. */
const glass = (output: string, size: TerminalSize): string => {
  const screen = new VirtualScreen(size.columns, size.rows)
  screen.write(output)
  const edge = `+${"-".repeat(size.columns)}+`
  const rows = screen.seen().map((row) => row.replace(/\b\d\d:\d\d(?=[ ;]|$)/g, "hh:mm"))
  return `${[edge, ...rows, edge].join("\n")}\n`
}

for (const [what, name, seen] of [
  ["the alarm of another key", "alarm", alarm],
  ["waiting for the server", "waiting", waiting]
] as const)
  for (const [columns, rows] of SIZES)
    it.live(`${what} looks as it was seen last at ${columns} x ${rows}`, () =>
      Effect.flatMap(seen({ columns, rows }), (screen) =>
        Effect.promise(() => expect(screen).toMatchFileSnapshot(`golden-screens-${name}-${columns}x${rows}.txt`))
      )
    )

for (const isFull of [false, true])
  for (const [columns, rows] of SIZES) {
    const name = isFull ? "a full screen" : "a talk"
    it.live(`${name} looks as it was seen last at ${columns} x ${rows}; -u takes it anew`, () =>
      Effect.flatMap(talk({ columns, rows }, isFull), (screen) =>
        Effect.promise(() =>
          expect(screen).toMatchFileSnapshot(`golden-screens-${isFull ? "full-" : ""}${columns}x${rows}.txt`)
        )
      )
    )
  }

import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ChatModel } from "../../../src/cli/terminal/ChatModel.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as Program from "../../../src/cli/terminal/Program.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import * as FakeClient from "../FakeClient.js"

const setUp = () => {
  const clock = { now: 1_000_000 }
  const chat = new ChatModel({ palette: Palette.make(false), now: () => clock.now, interactive: true })
  chat.handle({ _tag: "Registered", nick: "alice", address: "192.0.2.1:1", fingerprint: "f" })
  chat.opened({ nick: "bob", fingerprint: "f", trust: "new" })
  return { chat, clock }
}

describe("who is away", () => {
  it("is told of once, stands in the status line, and is back", () => {
    const { chat, clock } = setUp()
    const away = { _tag: "Away", nick: "bob", away: true, text: "lunch\n\u001b[2Jx" } as const
    expect(chat.handle(away)).toEqual(["* bob is away: lunch \uFFFD[2Jx"])
    expect(chat.handle(away)).toEqual([])
    expect(chat.status(80).at(-1)).toContain(" · away")
    clock.now += 60_000
    expect(chat.handle({ _tag: "Away", nick: "bob", away: false })).toEqual(["* bob is back"])
    expect(chat.status(80).at(-1)).not.toContain("away")
  })

  it("cannot fill the screen with it", () => {
    const { chat, clock } = setUp()
    let lines = 0
    for (let at = 0; at < 1_000; at++) {
      clock.now++
      lines += chat.handle({ _tag: "Away", nick: "bob", away: true, text: String(at) }).length
    }
    expect(lines).toBe(1)
    expect(chat.handle({ _tag: "Away", nick: "carol", away: false })).toEqual([])
  })

  it.live("says so with /away, sees it, and takes it back with /back", () =>
    Effect.gen(function* () {
      const terminal = yield* Memory.make({ interactive: true, size: { columns: 100, rows: 24 } })
      const client = yield* FakeClient.make
      yield* Effect.fork(Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal))
      yield* terminal.shows("you are alice")
      terminal.type("/away out for lunch\r")
      yield* terminal.shows("* others see that you are away: out for lunch; /back takes it back")
      yield* terminal.shows("you are away")
      terminal.type("/back\r/away\r")
      yield* terminal.shows("* others see that you are there again")
      yield* terminal.shows("* others see that you are away; /back")
      expect(client.calls.filter((call) => /^(away|back)/.test(call))).toEqual(["away out for lunch", "back", "away "])
    })
  )
})

import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Program from "../../../src/cli/terminal/Program.js"
import { File } from "../../../src/core/client/ClientError.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { transferId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"

const start = (size: { columns: number; rows: number } | "dumb", prepare?: (client: FakeClient.FakeClient) => void) =>
  Effect.gen(function* () {
    const simple = size === "dumb"
    const terminal = yield* Memory.make({ interactive: !simple, inputIsTty: true, ...(simple ? {} : { size }) })
    const client = yield* FakeClient.make
    prepare?.(client)
    const run = Effect.provideService(Program.run(client, { nick: "alice" }), Terminal, terminal.terminal)
    const fiber = yield* Effect.fork(run)
    yield* terminal.shows("you are alice")
    return { client, terminal, exit: Fiber.await(fiber) }
  })

const WAY = { kind: "lan", address: "127.0.0.1:1", rttMs: 1 } as const
const OTHER = transferId(2)
const NARROW = { columns: 40, rows: 15 }

describe("somebody who does not know the program well", () => {
  it.live("is asked once before leaving a conversation ends a file in it", () =>
    Effect.gen(function* () {
      const { client, exit, terminal } = yield* start("dumb")
      terminal.type("query bob\n")
      yield* terminal.shows("alice → bob> ")
      client.happens({ _tag: "Connected", nick: "bob", fingerprint: "f", trust: "new", path: WAY })
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({ nick: "carol", state: "active" }) })
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({ id: OTHER, nick: "Bob", state: "active" }) })
      yield* terminal.shows("receiving [2]")
      terminal.type("exit\n")
      yield* terminal.shows("* 1 file is on the way, which leaving gives up: the same again leaves, /close keeps")
      expect(client.calls).not.toContain("leave bob")
      terminal.type("exit\n")
      yield* terminal.shows("you left the conversation with bob")
      terminal.type("exit\nexit\n")
      expect(yield* exit).toEqual(Exit.void)
    })
  )

  it.live("leaves the conversation that is named, and none where another word stands behind", () =>
    Effect.gen(function* () {
      const { client, exit, terminal } = yield* start("dumb")
      for (const nick of ["bob", "carol", "dave"]) {
        terminal.type(`query ${nick}\n`)
        yield* terminal.shows(`alice → ${nick}> `)
      }
      client.happens({ _tag: "Connected", nick: "carol", fingerprint: "f", trust: "new", path: WAY })
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({ nick: "carol", state: "active" }) })
      yield* terminal.shows("receiving [1]")
      terminal.type("/exit bob\n/close bob\n/leave erin\n/leave 9\n/leave bob carol\n/leave bob\n")
      yield* terminal.shows("you left the conversation with bob")
      for (const said of [
        "type exit\n",
        "type /close\n",
        "no conversation erin",
        "no conversation 9",
        "type /leave [NICK]"
      ])
        expect(terminal.output()).toContain(said)
      terminal.type("/leave 2\n")
      yield* terminal.shows("* 1 file is on the way, which leaving gives up: the same again leaves\n")
      terminal.type("/leave 2\n")
      yield* terminal.shows("you left the conversation with carol")
      terminal.type("exit\n")
      yield* terminal.shows("you left the conversation with dave")
      terminal.type("exit\nexit\n")
      expect(yield* exit).toEqual(Exit.void)
      expect(client.calls.filter((call) => /^(leave|exit)/.test(call))).toEqual([
        "leave bob",
        "leave carol",
        "leave dave",
        "exit"
      ])
    })
  )

  it.live("is told by the words of other programs which are ours", () =>
    Effect.gen(function* () {
      const { terminal } = yield* start("dumb")
      for (const [typed, meant] of [
        ["/whois bob", "/who"],
        ["/JOIN #team", "/group"],
        ["/part", "/leave"],
        ["/names", "/list"],
        ["/window 2", "/to"],
        ["/help lastlog", "/search"]
      ]) {
        terminal.type(`${typed}\n`)
        yield* terminal.shows(`did you mean ${meant}?`)
      }
    })
  )

  it.live("is told how a command is typed where they write to nobody, and nothing is done that they may not mean", () =>
    Effect.gen(function* () {
      const { client, terminal } = yield* start("dumb")
      for (const [typed, told] of [
        ["query bob carol", "* type query NICK"],
        ["quit now", "* type /quit"],
        ["exit strategy", "* type exit"],
        ["help me", "* did you mean /help me? Otherwise type /help [COMMAND]"],
        ["msg nobody hi there", "* did you mean /msg nobody hi there? Otherwise type /msg NICK TEXT"]
      ]) {
        terminal.type(`${typed}\n`)
        yield* terminal.shows(told!)
      }
      expect(client.calls.filter((call) => /query|send|exit/.test(call))).toEqual([])
      terminal.type("list zz 2\n")
      yield* terminal.shows("nobody has that in their nickname")
    })
  )

  it.live("sees their groups by /group alone, and where to read of the rest", () =>
    Effect.gen(function* () {
      const { exit, terminal } = yield* start("dumb")
      terminal.type("/group\n")
      yield* terminal.shows("#team")
      yield* terminal.shows("* /help group tells what can be done with one")
      terminal.type("exit\n")
      yield* exit
    })
  )

  it.live("is told where the nickname goes that they wrote before a path", () =>
    Effect.gen(function* () {
      const { exit, terminal } = yield* start("dumb", (client) => {
        const failing = new File({ message: "cannot read that" })
        Object.assign(client.files, { offer: () => failing })
      })
      terminal.type("query bob\n")
      yield* terminal.shows("alice → bob> ")
      terminal.type("/send nothing.txt\n")
      yield* terminal.shows("* cannot read that\n")
      expect(terminal.output()).not.toContain("the nickname goes behind")
      terminal.type("/send bob nothing.txt\n")
      yield* terminal.shows("* the nickname goes behind: /send PATH NICK\n")
      terminal.type("exit\nexit\n")
      yield* exit
    })
  )

  it.live("is not asked whether they meant whom they wrote, who has gone", () =>
    Effect.gen(function* () {
      const gone = { nick: "nobody", address: "192.0.2.1:1", fingerprint: "f" }
      const { exit, terminal } = yield* start("dumb", (client) =>
        Object.assign(client, { list: Effect.succeed([gone]) })
      )
      terminal.type("list\nquery nobody\nexit\n")
      yield* exit
      expect(terminal.output()).toContain("* nobody has this nickname")
      expect(terminal.output()).not.toContain("did you mean")
    })
  )

  it.live("is told that the help begins above, only where it does", () =>
    Effect.gen(function* () {
      const more = "there is more above: scroll up"
      const narrow = yield* start(NARROW)
      narrow.terminal.type("/help\r")
      yield* narrow.terminal.shows(more)
      const wide = yield* start({ columns: 200, rows: 60 })
      wide.terminal.type("/help\r/leave\r")
      yield* wide.terminal.shows("you are in no conversation")
      expect(wide.terminal.output()).not.toContain(more)
      for (const { exit, terminal } of [narrow, wide]) {
        terminal.type("/quit\r")
        yield* exit
      }
    })
  )

  it.live("has no more people on a page than its rows hold", () =>
    Effect.gen(function* () {
      const people = Array.from({ length: 8 }, (_, at) => ({
        nick: `person${at}`,
        address: "192.0.2.1:10000",
        fingerprint: "11111 22222 33333 44444 55555 66666"
      }))
      const { exit, terminal } = yield* start(NARROW, (client) =>
        Object.assign(client, { list: Effect.succeed(people) })
      )
      terminal.type("list\r")
      yield* terminal.shows("8 people, page 1 of 2")
      terminal.type("/quit\r")
      yield* exit
    })
  )
})

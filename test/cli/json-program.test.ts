import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { MAX_COMMAND } from "../../src/cli/json/Command.js"
import * as Program from "../../src/cli/json/Program.js"
import { Profile } from "../../src/core/client/ClientError.js"
import * as Memory from "../../src/layers/memory/Terminal.js"
import { Terminal, TerminalClosed } from "../../src/services/Terminal.js"
import { messageId } from "../support/ids.js"
import * as FakeClient from "./FakeClient.js"

const start = (nick?: string, prepare?: (client: FakeClient.FakeClient) => void) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make()
    const client = yield* FakeClient.make
    prepare?.(client)
    const fiber = yield* Effect.fork(Effect.provideService(Program.run(client, nick), Terminal, terminal.terminal))
    const events = () =>
      terminal
        .output()
        .split("\n")
        .filter((line) => line !== "")
        .map((line): Record<string, unknown> => JSON.parse(line))
    const command = (...commands: ReadonlyArray<unknown>) =>
      terminal.type(commands.map((one) => `${JSON.stringify(one)}\n`).join(""))
    return { terminal, client, events, command, exit: Fiber.await(fiber) }
  })

const ALICE = { nick: "alice", address: "192.0.2.1:1000", fingerprint: "key of alice" }

const names = (events: ReadonlyArray<Record<string, unknown>>) => events.map(({ event }) => event)

describe("JSON mode", () => {
  it.scopedLive("makes groups, joins and leaves them, writes to them, and says when there is none", () =>
    Effect.gen(function* () {
      const { client, command, events, exit } = yield* start("alice")
      command(
        { cmd: "group", name: "crew", members: ["bob", "carol"], ref: 1 },
        { cmd: "groupAdd", group: "team", members: ["dave"], ref: 2 },
        { cmd: "groupJoin", group: "team", ref: 3 },
        { cmd: "groupRemove", group: "team", nick: "carol", ref: 4 },
        { cmd: "groupSend", group: "#team", text: "hi", ref: 5 },
        { cmd: "groupSend", group: "nowhere", text: "hi", ref: 6 },
        { cmd: "groups", ref: 7 },
        { cmd: "groupLeave", group: "team", ref: 8 },
        { cmd: "exit" }
      )
      expect(yield* exit).toEqual(Exit.void)
      expect(client.calls.filter((call) => call.startsWith("group"))).toEqual([
        "group crew bob carol",
        "groupAdd team dave",
        "groupJoin team",
        "groupRemove team carol",
        "groupSend #team hi",
        "groupSend nowhere hi",
        "groups",
        "groupLeave team"
      ])
      const answers = events().filter(({ ref }) => typeof ref === "number" && ref > 0)
      expect(names(answers)).toEqual(["group", "group", "group", "group", "groupSent", "error", "groups", "group"])
      expect(answers[0]).toEqual({ event: "group", group: { ...FakeClient.GROUP, name: "crew" }, ref: 1 })
      expect(answers[4]).toMatchObject({ group: { name: "team" }, to: ["bob"], without: ["carol"] })
      expect(answers[5]).toMatchObject({ code: "NoSuchGroup" })
      expect(answers[6]).toEqual({ event: "groups", groups: [FakeClient.GROUP], ref: 7 })
    })
  )

  it.scopedLive("writes in one piece what comes together, the answer to a nickname in its place", () =>
    Effect.gen(function* () {
      const memory = yield* Memory.make()
      const writes: Array<string> = []
      const write = (text: string) =>
        Effect.zipRight(
          Effect.sync(() => writes.push(text)),
          memory.terminal.write(text)
        )
      const client = yield* FakeClient.make
      const here = ["bob", "carol"].map((nick) => ({ _tag: "Joined", nick }) as const)
      client.happens(...here, { _tag: "Delivered", nick: "bob", id: messageId("1") })
      const running = Program.run(client, "alice").pipe(Effect.provideService(Terminal, { ...memory.terminal, write }))
      const fiber = yield* Effect.fork(running)
      yield* memory.shows("registered")
      client.happens(...here, { _tag: "Registered", ...ALICE }, ...here)
      memory.type(`${JSON.stringify({ cmd: "exit" })}\n`)
      expect(yield* Fiber.await(fiber)).toEqual(Exit.void)
      const lines = writes.map((text) => text.trim().split("\n"))
      const told = lines.map((those) => those.map((line): unknown => JSON.parse(line).event))
      expect(told).toEqual([
        ["joined", "joined", "delivered"],
        ["registered"],
        ["joined", "joined"],
        ["registered"],
        ["joined", "joined"],
        ["bye"]
      ])
    })
  )

  it.scopedLive("waits for the disk once for all that is said at a time, to people and to groups", () =>
    Effect.gen(function* () {
      const { client, command, events, exit } = yield* start("alice")
      command(
        { cmd: "query", nick: "bob" },
        { cmd: "groupSend", group: "#team", text: "hello", ref: 1 },
        { cmd: "send", to: "bob", text: "and you", ref: 2 },
        { cmd: "groupSend", group: "nowhere", text: "lost", ref: 3 },
        { cmd: "groupSend", group: "#team", text: "again", ref: 4 },
        { cmd: "exit" }
      )
      yield* exit
      expect(client.flushes()).toBe(1)
      expect(client.calls.filter((call) => /^(groupSend|send)/.test(call))).toEqual([
        "groupSend #team hello",
        "send bob and you",
        "groupSend nowhere lost",
        "groupSend #team again"
      ])
      const answers = events().filter(({ ref }) => typeof ref === "number")
      expect(answers.map(({ event, ref }) => [event, ref])).toEqual([
        ["groupSent", 1],
        ["sent", 2],
        ["error", 3],
        ["groupSent", 4]
      ])
    })
  )

  it.scopedLive("tells what happens to groups, and which one a text was said in", () =>
    Effect.gen(function* () {
      const { client, command, events, exit } = yield* start("alice")
      const group = { id: FakeClient.GROUP.id, name: "team" }
      client.happens(
        { _tag: "Group", nick: "bob", change: "invited", group: { ...FakeClient.GROUP, state: "invited" } },
        { _tag: "Group", nick: "dave", change: "added", by: "bob", group: FakeClient.GROUP },
        { _tag: "Message", from: "bob", id: messageId("ab".repeat(16)), text: "hi", group },
        { _tag: "Waiting", nick: "carol", id: messageId("cd".repeat(16)), group },
        { _tag: "Delivered", nick: "bob", id: messageId("cd".repeat(16)), group }
      )
      yield* Effect.yieldNow()
      command({ cmd: "exit" })
      yield* exit
      expect(events().filter((event) => "group" in event)).toEqual([
        { event: "group", peer: "bob", change: "invited", group: { ...FakeClient.GROUP, state: "invited" } },
        { event: "group", peer: "dave", change: "added", by: "bob", group: FakeClient.GROUP },
        { event: "message", from: "bob", id: "ab".repeat(16), text: "hi", group },
        { event: "waiting", peer: "carol", id: "cd".repeat(16), group },
        { event: "delivered", peer: "bob", id: "cd".repeat(16), group }
      ])
    })
  )

  it.scopedLive("answers each command in order, with its ref, and sent before delivered", () =>
    Effect.gen(function* () {
      const { client, command, events, exit } = yield* start("alice")
      command(
        { cmd: "list", ref: 1 },
        { cmd: "send", to: "bob", text: "too early", ref: 2 },
        { cmd: "query", nick: "bob", ref: 3 },
        { cmd: "send", to: "bob", text: "hi", ref: 4 },
        { cmd: "trust", nick: "bob", key: "07774", ref: 5 },
        { cmd: "contacts", ref: 13 },
        { cmd: "key", nick: "bob", ref: 14 },
        { cmd: "verify", nick: "bob", digits: "07774", ref: 15 },
        { cmd: "unverify", nick: "bob", ref: 16 },
        { cmd: "block", who: "mallory", ref: 17 },
        { cmd: "unblock", who: "mallory", ref: 18 },
        { cmd: "ignore", who: "mallory", ref: 19 },
        { cmd: "forget", who: "mallory", ref: 20 },
        { cmd: "query", nick: "bob", expect: "1 2", ref: 21 },
        { cmd: "why", nick: "bob", ref: 7 },
        { cmd: "why", nick: "carol", ref: 8 },
        { cmd: "path", nick: "bob", policy: "relay-only", ref: 9 },
        { cmd: "leave", nick: "bob", ref: 6 },
        { cmd: "history", nick: "bob", limit: 3, search: "to", ref: 10 },
        { cmd: "clearHistory", nick: "bob", ref: 11 },
        { cmd: "read", nick: "bob", id: "77".repeat(16), ref: 12 },
        { cmd: "exit" }
      )
      expect(yield* exit).toEqual(Exit.void)
      expect(client.calls).toEqual(
        expect.arrayContaining([
          'history {"nick":"bob","limit":3,"search":"to"}',
          "clearHistory bob",
          "trust bob 07774",
          "verify bob 07774",
          "query bob 1 2",
          `read bob ${"77".repeat(16)}`
        ])
      )
      expect(events().filter(({ event }) => event !== "delivered")).toEqual([
        { event: "registered", nick: "alice", address: "192.0.2.1:1000", fingerprint: "key of alice" },
        expect.objectContaining({ event: "peers", ref: 1 }),
        { event: "error", code: "NotConnected", message: "query bob first", ref: 2 },
        { event: "peer", nick: "bob", address: "192.0.2.1:1000", fingerprint: "key of bob", trust: "new", ref: 3 },
        { event: "sent", to: "bob", id: "1", ref: 4 },
        { event: "ok", cmd: "trust", ref: 5 },
        expect.objectContaining({ event: "contacts", contacts: [expect.objectContaining({ nick: "bob" })], ref: 13 }),
        expect.objectContaining({ event: "key", nick: "bob", fingerprint: "key of bob", ref: 14 }),
        { event: "ok", cmd: "verify", ref: 15 },
        { event: "ok", cmd: "unverify", ref: 16 },
        { event: "ok", cmd: "block", ref: 17 },
        { event: "ok", cmd: "unblock", ref: 18 },
        { event: "ok", cmd: "ignore", ref: 19 },
        { event: "ok", cmd: "forget", ref: 20 },
        expect.objectContaining({ event: "peer", ref: 21 }),
        expect.objectContaining({ event: "why", nick: "bob", advice: "use IPv6", ref: 7 }),
        { event: "error", code: "NotConnected", message: "query carol first", ref: 8 },
        { event: "ok", cmd: "path", ref: 9 },
        { event: "ok", cmd: "leave", ref: 6 },
        expect.objectContaining({ event: "history", more: 7, ref: 10 }),
        { event: "ok", cmd: "clearHistory", ref: 11 },
        { event: "ok", cmd: "read", ref: 12 },
        { event: "bye" }
      ])
      const order = names(events())
      expect(order.indexOf("sent")).toBeLessThan(order.indexOf("delivered"))
    })
  )

  it.scopedLive("lets commands wait for a nickname, but not the one that brings it", () =>
    Effect.gen(function* () {
      const { client, command, events, terminal, exit } = yield* start("alice", ({ taken }) => taken.add("alice"))
      command({ cmd: "list", ref: "l" })
      yield* terminal.shows("nickTaken")
      expect(client.calls).toEqual(["register alice"])
      command({ cmd: "nick", nick: "alice2", ref: "n" })
      yield* terminal.shows("peers")
      command({ cmd: "exit" })
      yield* exit
      expect(events()).toEqual([
        { event: "nickTaken", nick: "alice", suggestions: ["alice2"] },
        expect.objectContaining({ event: "registered", nick: "alice2", ref: "n" }),
        expect.objectContaining({ event: "peers", ref: "l" }),
        { event: "bye" }
      ])
    })
  )

  it.scopedLive("answers a nickname that we have already", () =>
    Effect.gen(function* () {
      const { command, events, terminal, exit } = yield* start("alice")
      command({ cmd: "nick", nick: "alice", ref: 1 })
      yield* terminal.shows('"ref":1')
      command({ cmd: "exit" })
      yield* exit
      expect(names(events())).toEqual(["registered", "registered", "bye"])
    })
  )

  it.scopedLive("exits at once while there is no nickname", () =>
    Effect.gen(function* () {
      const { command, events, exit } = yield* start("alice", ({ server }) => void Effect.runSync(server.close))
      command({ cmd: "list" }, { cmd: "exit" })
      yield* exit
      expect(names(events())).toEqual(["bye"])
    })
  )

  it.scopedLive("answers what was asked before the end of input, then leaves", () =>
    Effect.gen(function* () {
      const { terminal, events, exit } = yield* start("alice")
      terminal.type('{"cmd":"query","nick":"bob"}\n{"cmd":"send","to":"bob","text":"hi"}')
      terminal.end()
      yield* exit
      expect(names(events()).filter((event) => event !== "delivered")).toEqual(["registered", "peer", "sent", "bye"])
    })
  )

  it.scopedLive("says so when the input ends and there can be no answer", () =>
    Effect.gen(function* () {
      const { terminal, command, events, exit } = yield* start("alice", ({ taken }) => taken.add("alice"))
      command({ cmd: "list", ref: 1 })
      terminal.end()
      yield* exit
      expect(events()).toEqual([
        expect.objectContaining({ event: "nickTaken" }),
        expect.objectContaining({ event: "error", code: "NotRegistered", ref: 1 }),
        { event: "bye" }
      ])
    })
  )

  it.scoped(
    "refuses what waits too long when more waits than it holds, in order, and obeys what comes after the nickname",
    () =>
      Effect.gen(function* () {
        const { client, terminal, command, events, exit } = yield* start("alice", ({ server }) => server.unsafeClose())
        const refs = Array.from({ length: 1_000 }, (_, ref) => ref)
        command(...refs.map((ref) => ({ cmd: "list", ref })))
        yield* Effect.repeatN(Effect.yieldNow(), 3_000)
        expect(events()).toEqual([])
        yield* TestClock.adjust("10 seconds")
        yield* terminal.shows('"ref":999')
        expect(events().map(({ code, ref }) => [code, ref])).toEqual(refs.map((ref) => ["NotRegistered", ref]))
        client.server.unsafeOpen()
        yield* terminal.shows("registered")
        command({ cmd: "list", ref: "late" })
        terminal.end()
        yield* exit
        expect(names(events()).slice(-3)).toEqual(["registered", "peers", "bye"])
      })
  )

  it.scopedLive("survives bad lines", () =>
    Effect.gen(function* () {
      const { terminal, command, events, exit } = yield* start("alice")
      terminal.type("hello\n\n[]\n")
      terminal.type(`{"cmd":"send","to":"bob","text":"${"x".repeat(MAX_COMMAND)}"}\n`)
      command({ cmd: "dance", ref: 9 }, { cmd: "exit" })
      yield* exit
      const errors = events().filter(({ event }) => event === "error")
      expect(errors.map(({ code }) => code)).toEqual(["BadCommand", "BadCommand", "BadCommand", "BadCommand"])
      expect(errors.at(-1)?.ref).toBe(9)
    })
  )

  it.scopedLive("tells what happens, safely to show and exactly to parse", () =>
    Effect.gen(function* () {
      const { client, terminal, command, events, exit } = yield* start("alice")
      yield* terminal.shows("registered")
      const text = "\u001b[2J\u009b31m\u202eevil\u2028"
      client.happens(
        FakeClient.call("\u001bbob"),
        { _tag: "Message", from: "\u001bbob", id: messageId("1"), text },
        {
          _tag: "Connected",
          nick: "bob",
          fingerprint: "f",
          trust: "new",
          path: { kind: "lan", address: "10.0.0.1:1", rttMs: 1 }
        },
        { _tag: "Disconnected", nick: "bob", reason: "timeout", undelivered: 1 },
        { _tag: "ServerLost", message: "gone", retryInMs: 5 },
        { _tag: "Greeting", text: "welcome" }
      )
      yield* terminal.shows("serverLost")
      command({ cmd: "exit" })
      yield* exit
      expect(terminal.output()).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}]/u)
      expect(events()[2]).toEqual({ event: "message", from: "\u001bbob", id: "1", text })
    })
  )

  it.scopedLive("fails in one line when the server wants us no more", () =>
    Effect.gen(function* () {
      const { client, terminal, events, exit } = yield* start("alice")
      yield* terminal.shows("registered")
      client.happens({ _tag: "Closed", reason: "replaced", message: "registered from elsewhere" })
      const result = yield* exit
      expect(Exit.isFailure(result)).toBe(true)
      expect(events().slice(1)).toEqual([
        { event: "error", code: "Replaced", message: "registered from elsewhere" },
        { event: "bye" }
      ])
    })
  )

  it.scopedLive("ends when nobody reads its output", () =>
    Effect.gen(function* () {
      const { terminal, command, exit } = yield* start("alice")
      yield* terminal.shows("registered")
      terminal.close()
      command({ cmd: "list" })
      const result = yield* exit
      const error = Exit.isFailure(result) ? Cause.failureOption(result.cause) : undefined
      expect(error).toEqual(Option.some(TerminalClosed.hungUp("closed")))
    })
  )

  it.scopedLive("fails when the input ends and there was never a nickname, but not after a goodbye", () =>
    Effect.gen(function* () {
      const refused = (client: FakeClient.FakeClient) =>
        Object.assign(client, { register: () => new Profile({ message: "no such folder" }) })
      const { events, terminal, exit } = yield* start("alice", refused)
      terminal.end()
      expect(String(yield* exit)).toContain("the input ended before there was a nickname")
      expect(events()).toEqual([{ event: "error", code: "Profile", message: "no such folder" }, { event: "bye" }])
      const other = yield* start("alice", refused)
      other.command({ cmd: "exit" })
      expect(yield* other.exit).toEqual(Exit.void)
    })
  )

  it.scopedLive("says how to accept a changed key, in its own words", () =>
    Effect.gen(function* () {
      const { client, command, events, terminal, exit } = yield* start("alice", (client) =>
        Object.assign(client, { query: () => FakeClient.keyChanged("compare first") })
      )
      command({ cmd: "query", nick: "bob", ref: 1 })
      yield* terminal.shows("compare first")
      const change = { known: "11111 2", offered: "33333 4", verified: false }
      client.happens({ _tag: "Failed", code: "KeyChanged", message: "compare", nick: "carol", change })
      yield* terminal.shows("carol")
      command({ cmd: "exit" })
      yield* exit
      expect(events().slice(1, 3)).toEqual([
        {
          event: "error",
          code: "KeyChanged",
          message: 'compare first, with {"cmd":"trust","nick":"bob","key":"33333 4"}',
          change,
          ref: 1
        },
        {
          event: "error",
          code: "KeyChanged",
          message: 'compare, with {"cmd":"trust","nick":"carol","key":"33333 4"}',
          change,
          peer: "carol"
        }
      ])
    })
  )

  it.scopedLive("takes a flood of commands in turns with its events, and leaves the loop to others in between", () =>
    Effect.gen(function* () {
      const { client, command, exit, terminal } = yield* start("alice")
      const SENDS = 5_000
      let [sent, most, turns] = [0, 0, 0]
      let turning = true
      const turn = () => {
        turns++
        if (turning) setImmediate(turn)
      }
      const { send } = client
      Object.assign(client, {
        send: (nick: string, text: string) => {
          if (++sent % 100 === 0) most = Math.max(most, sent - terminal.output().split('"delivered"').length)
          return send(nick, text)
        }
      })
      command({ cmd: "query", nick: "bob" })
      yield* terminal.shows("key of bob")
      setImmediate(turn)
      command(...Array.from({ length: SENDS }, (_, at) => ({ cmd: "send", to: "bob", text: `${at}` })), { cmd: "exit" })
      expect(yield* exit).toEqual(Exit.void)
      turning = false
      expect(client.calls.filter((call) => call.startsWith("send"))).toEqual(
        Array.from({ length: SENDS }, (_, at) => `send bob ${at}`)
      )
      // What became of the first is told before more than a few times those that are read ahead are sent.
      expect(most).toBeLessThan(1_024)
      expect(turns).toBeGreaterThanOrEqual(Math.floor(SENDS / 512))
    })
  )

  it.scopedLive("offers, takes and ends transfers, and tells how they go on", () =>
    Effect.gen(function* () {
      const { client, command, events, exit } = yield* start("alice")
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({ state: "done", path: "/x" }) })
      command(
        { cmd: "sendFile", to: "bob", path: "a b", ref: 1 },
        { cmd: "query", nick: "bob" },
        { cmd: "sendFile", to: "bob", path: "a b", ref: 2 },
        { cmd: "accept", id: FakeClient.TRANSFER, ref: 3 },
        { cmd: "accept", id: FakeClient.TRANSFER, directory: "/in", ref: 4 },
        { cmd: "decline", id: FakeClient.NO_TRANSFER, ref: 5 },
        { cmd: "cancel", id: FakeClient.TRANSFER, ref: 6 },
        { cmd: "pause", id: FakeClient.TRANSFER, ref: 7 },
        { cmd: "resume", id: FakeClient.TRANSFER, ref: 8 },
        { cmd: "files", ref: 9 },
        { cmd: "exit" }
      )
      expect(yield* exit).toEqual(Exit.void)
      expect(events().filter(({ event }) => event !== "registered" && event !== "bye")).toEqual([
        expect.objectContaining({ event: "transfer", id: FakeClient.TRANSFER, state: "done", path: "/x" }),
        { event: "error", code: "NotConnected", message: "query bob first", ref: 1 },
        expect.objectContaining({ event: "peer" }),
        expect.objectContaining({ event: "transfer", name: "a b", ref: 2 }),
        { event: "ok", cmd: "accept", ref: 3 },
        { event: "ok", cmd: "accept", ref: 4 },
        { event: "error", code: "NoSuchTransfer", message: `there is no transfer ${FakeClient.NO_TRANSFER}`, ref: 5 },
        { event: "ok", cmd: "cancel", ref: 6 },
        { event: "ok", cmd: "pause", ref: 7 },
        { event: "ok", cmd: "resume", ref: 8 },
        { event: "files", transfers: [expect.objectContaining({ id: FakeClient.TRANSFER })], ref: 9 }
      ])
      expect(client.calls).toEqual(
        expect.arrayContaining([`accept ${FakeClient.TRANSFER} undefined`, `accept ${FakeClient.TRANSFER} /in`])
      )
    })
  )
})

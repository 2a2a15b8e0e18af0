import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Program from "../../../src/cli/terminal/Program.js"
import { Closed, NickTaken } from "../../../src/core/client/ClientError.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"
import { VirtualScreen } from "./VirtualScreen.js"

const start = (interactive: boolean | "dumb", nick?: string, prepare?: (client: FakeClient.FakeClient) => void) =>
  Effect.gen(function* () {
    const terminal = yield* Memory.make({
      interactive: interactive === true,
      inputIsTty: interactive !== false,
      size: { columns: 60, rows: 24 }
    })
    const client = yield* FakeClient.make
    prepare?.(client)
    const fiber = yield* Effect.fork(Effect.provideService(Program.run(client, { nick }), Terminal, terminal.terminal))
    const screen = () => {
      const fake = new VirtualScreen(60, 24)
      fake.write(terminal.output())
      return fake.text()
    }
    return { terminal, client, screen, exit: Fiber.await(fiber) }
  })

const END_OF_INPUT = "\u0004"
const WAY = { kind: "lan", address: "127.0.0.1:1", rttMs: 1 } as const
const lost = (message: string) => ({ _tag: "ServerLost", message, retryInMs: 1 }) as const

describe("the terminal client, in plain lines", () => {
  it.live("lists, asks, talks, leaves the conversation, then the program", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice")
      terminal.type("hello?\nLIST\nquery bob\nhi\n//list\n exit\nexit\nexit\n")
      expect(yield* exit).toEqual(Exit.void)
      expect(client.calls).toEqual([
        "register alice",
        "list",
        "query bob",
        "send bob hi",
        "send bob /list",
        "send bob exit",
        "leave bob",
        "exit"
      ])
      expect(terminal.output()).toContain("you are in no conversation")
      expect(terminal.output()).toContain("alice → bob: /list\n")
      expect(terminal.output()).not.toContain("\u001b")
    })
  )

  it.live("tells of another way to somebody, but not of another address, nor of each of many changes", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice")
      const way = (kind: "lan" | "relay", address: string) => ({ kind, address, rttMs: 1 })
      terminal.type("query bob\n")
      client.happens({ _tag: "Connected", nick: "bob", fingerprint: "f", trust: "new", path: way("relay", "1") })
      for (const path of [way("lan", "2"), way("lan", "3"), way("lan", "2"), way("relay", "1"), way("lan", "4")])
        client.happens({ _tag: "PathChanged", nick: "bob", path })
      client.happens({ _tag: "Message", from: "bob", id: messageId("1"), text: "that was all" })
      yield* terminal.shows("that was all")
      terminal.type("exit\nexit\n")
      yield* exit
      expect(terminal.output().match(/is now reached .*/g)).toEqual(["is now reached over the local network, 2"])
    })
  )

  it.live("asks only once it has taken what was typed before, whose echo stands above", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start("dumb", "alice")
      terminal.type("list\n")
      terminal.type("query bob\nhi\n")
      yield* terminal.shows("alice → bob: hi\n")
      expect(terminal.output()).not.toMatch(/> ./)
      terminal.type("exit\nexit\nexit\n")
      yield* exit
      expect(client.calls).toContain("send bob hi")
    })
  )

  it.live("asks whoever sits before a simple terminal for another nickname until one is free", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start("dumb", "alice", ({ taken }) => taken.add("alice"))
      yield* terminal.shows("the nickname alice is taken; free: alice2")
      terminal.type("list\nquery bob\n")
      yield* terminal.shows("you need a nickname first")
      terminal.type("alice2\nlist\n")
      terminal.end()
      yield* exit
      expect(client.calls).toEqual(["register alice", "register alice2", "list", "exit"])
    })
  )

  it.live("tells whoever sits before a simple terminal what it wants", () =>
    Effect.gen(function* () {
      const { terminal, exit } = yield* start("dumb")
      yield* terminal.shows("nickname> ")
      terminal.type("alice\nquery bob\n")
      yield* terminal.shows("alice → bob> ")
      terminal.type("exit\nexit\n")
      yield* exit
      expect(terminal.output().match(/alice> |alice → bob> /g)).toEqual(["alice> ", "alice → bob> ", "alice> "])
      expect(terminal.output()).toMatch(/^nickname> /m)
    })
  )

  it.live("asks whoever sits before a simple terminal once before Ctrl-C ends what goes on", () =>
    Effect.gen(function* () {
      const { client, exit, terminal } = yield* start("dumb", "alice")
      terminal.type("query bob\n")
      yield* terminal.shows("alice → bob> ")
      client.happens({ _tag: "Connected", nick: "bob", fingerprint: "f", trust: "new", path: WAY })
      terminal.interrupt()
      yield* terminal.shows("\n* 1 conversation goes on: the same again leaves\n")
      terminal.type("one more\n")
      yield* terminal.shows("alice → bob: one more")
      terminal.interrupt()
      yield* terminal.shows("one more\n\n* 1 conversation goes on")
      expect(client.calls).not.toContain("exit")
      terminal.interrupt()
      expect(yield* exit).toEqual(Exit.void)
    })
  )

  it.live("takes no line of a pipe for a nickname when the one it was written for is refused", () =>
    Effect.gen(function* () {
      for (const nick of ["alice", undefined]) {
        const { terminal, client, exit } = yield* start(false, nick, ({ taken }) => taken.add("alice"))
        terminal.type(`${nick === undefined ? "alice\n" : ""}query bob\nthe secret\n`)
        expect(String(yield* exit)).toContain("alice is taken")
        expect(client.calls).toEqual(["register alice"])
      }
    })
  )

  it.live("says who has the nickname when it is another program of the same person", () =>
    Effect.gen(function* () {
      const { terminal, exit } = yield* start("dumb", "alice", (client) => {
        const error = new NickTaken({ message: "in use by another parley", suggestions: [], byOurselves: true })
        Object.assign(client, { register: () => error })
      })
      yield* terminal.shows("* in use by another parley\n* type another one")
      terminal.type("exit\n")
      yield* exit
    })
  )

  it.live("says how to accept a changed key", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice", (client) => {
        Object.assign(client, { query: () => FakeClient.keyChanged("another key") })
      })
      terminal.type("query bob\n")
      yield* terminal.shows("!! ANOTHER KEY UNDER THE NAME bob")
      yield* terminal.shows("!!   11111 2  known\n!!   33333 4  shown now\n")
      yield* terminal.shows("/trust bob 33333 takes the other one")
      client.happens({ _tag: "Failed", code: "KeyChanged", message: "yet another", nick: "ca\u001brol" })
      yield* terminal.shows("* yet another\n* type /trust ca\uFFFDrol DIGITS")
      // The block is there again for whoever looks the person up, until it is decided.
      terminal.type("/key bob\n/who bob\n/trust bob 33333\n/key bob\nexit\n")
      yield* exit
      expect(terminal.output().split("!! ANOTHER KEY").length - 1).toBe(3)
    })
  )

  it.live("says at the end what becomes of messages that have not arrived", () =>
    Effect.gen(function* () {
      for (const [safe, fate] of [
        [true, "* 3 messages for carol, bob were not confirmed: kept, to go out when you are alice again\n"],
        [false, "* 3 messages for carol, bob were not confirmed, and cannot be kept\n"]
      ] as const) {
        const { terminal, client, exit } = yield* start(false, "alice", (client) => {
          let id = 0
          Object.assign(client, { send: () => Effect.sync(() => String(++id)) })
        })
        yield* terminal.shows("you are alice")
        client.happens({ _tag: "Kept", nick: "carol", undelivered: 2 })
        yield* terminal.shows("for carol from last time")
        client.happens({ _tag: "Delivered", nick: "carol", id: messageId("earlier") })
        terminal.type("query bob\none\ntwo\n")
        yield* terminal.shows("alice → bob: two")
        if (!safe) client.happens({ _tag: "Journal", safe, message: "disk full" })
        terminal.type("exit\n")
        yield* terminal.shows("you left the conversation")
        terminal.type("query bob\none\ntwo\n")
        yield* terminal.shows("you left")
        terminal.end()
        yield* exit
        expect(terminal.output()).toContain(fate)
      }
    })
  )

  it.effect("fails when the input ends and no server gives a nickname", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice", ({ server }) => server.unsafeClose())
      terminal.type("/help\nquery bob\nhi\n")
      terminal.end()
      yield* terminal.shows("who is there")
      yield* TestClock.adjust("9 seconds")
      client.happens(lost("nobody is listening"), lost("nobody is listening"), lost("no route"))
      yield* terminal.shows("no route")
      yield* TestClock.adjust("1 seconds")
      const result = yield* exit
      expect(String(result)).toContain("the input ended before there was a nickname")
      expect(client.calls).toEqual(["register alice"])
      expect(terminal.output().match(/nobody is listening/g)).toHaveLength(1)
    })
  )

  it.effect("does not wait without end for more lines than it holds", () =>
    Effect.gen(function* () {
      const { terminal, exit } = yield* start(false, "alice", ({ server }) => server.unsafeClose())
      terminal.type("hi\n".repeat(100))
      terminal.end()
      yield* Effect.repeatN(Effect.yieldNow(), 1000)
      yield* TestClock.adjust("10 seconds")
      expect(String(yield* exit)).toContain("the input ended before there was a nickname")
    })
  )

  it.live("says whom to ask when an answer goes nowhere", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice")
      yield* terminal.shows("you are alice")
      client.happens(FakeClient.call("carol", { fingerprint: "k", known: true, trust: "known" }))
      yield* terminal.shows("carol wants to talk")
      terminal.type("hi carol\nquery carol\nexit\nhi?\nexit\n")
      yield* exit
      expect(terminal.output()).toContain("* nobody has got that. To answer carol, type query carol first\n")
      expect(terminal.output()).toContain("* you are in no conversation: type list")
      expect(client.calls.some((call) => call.startsWith("send"))).toBe(false)
    })
  )

  it.live("asks about what may be meant for it, and sends it when it is entered again", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start("dumb", "alice")
      terminal.type("help\nexti\nquery bob\nqiut\nhello\nqiut\nqiut\n quit\n/mgs bob hi\nexit\nquit\n")
      yield* exit
      expect(client.calls.filter((call) => /^(send|exit|leave)/.test(call))).toEqual([
        "send bob hello",
        "send bob qiut",
        "send bob quit",
        "leave bob",
        "exit"
      ])
      expect(terminal.output()).toContain("//text")
      expect(terminal.output()).toContain("* nobody has got that. Did you mean /exit?")
      expect(terminal.output().match(/\* not sent, as it looks like the command \/quit/g)).toHaveLength(2)
      // There is no line that Enter could send.
      expect(terminal.output()).toContain('or type it again to send "qiut" to bob')
      expect(terminal.output()).toContain("* there is no command /mgs; did you mean /msg?")
    })
  )

  it.live("takes no word for the program as a nickname", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start("dumb")
      terminal.type("help\nlist\nhlep\nnick\nnick\n/nick list\nquit\n")
      yield* exit
      expect(client.calls).toEqual(["register nick", "exit"])
      expect(terminal.output()).toContain("//text")
      expect(terminal.output()).toContain("* you need a nickname first")
      expect(terminal.output()).toContain("* did you mean /help? To be called hlep, type it again")
      expect(terminal.output()).toContain("* list is a command of this program, so nobody is called that here")
      const named = yield* start(false, "exit")
      expect(String(yield* named.exit)).toContain("exit is a command of this program")
    })
  )

  it.effect("lets a person leave at once while the server does not answer", () =>
    Effect.gen(function* () {
      for (const kind of [true, "dumb"] as const)
        for (const typed of ["exit\r\n", "/quit\r\n", END_OF_INPUT]) {
          const { terminal, client, exit } = yield* start(kind, "alice", ({ server }) => server.unsafeClose())
          yield* terminal.shows("waiting for the server")
          if (kind === "dumb" && typed === END_OF_INPUT) terminal.end()
          else terminal.type(typed)
          expect(yield* exit).toEqual(Exit.void)
          expect(client.calls).toEqual(["register alice", "exit"])
        }
    })
  )

  it.live("says what it stays for where lines wait for a nickname, and how to leave at once", () =>
    Effect.gen(function* () {
      for (const typed of ["exit\r", "/quit\r"]) {
        const { terminal, client, exit } = yield* start(true, "alice", ({ server }) => server.unsafeClose())
        yield* terminal.shows("waiting for the server")
        terminal.type(`query bob\r/msg bob hi\r${typed}`)
        yield* terminal.shows("what you typed before waits for the server; Ctrl-C leaves")
        expect(client.calls).toEqual(["register alice"])
        terminal.type("\u0003")
        expect(yield* exit).toEqual(Exit.void)
        expect(client.calls).toEqual(["register alice", "exit"])
      }
    })
  )

  it.live("says nothing more of lines that waited for a nickname once the person leaves", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(true, "alice", (client) => {
        client.server.unsafeClose()
        const { exit, server } = client
        Object.assign(client, {
          register: () => Effect.zipRight(server.await, new Closed({ message: "the client was closed" })),
          exit: () => server.open.pipe(Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 100)), Effect.zipRight(exit()))
        })
      })
      yield* terminal.shows("waiting for the server")
      terminal.type("query bob\r/mgs bob hi\r")
      terminal.type("\u0003")
      expect(yield* exit).toEqual(Exit.void)
      expect(terminal.output()).not.toMatch(/you need a nickname|did you mean/)
      expect(client.calls).toEqual(["exit"])
    })
  )

  it.live("gives back to the line what it did not take", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start(true, "alice")
      yield* terminal.shows("you are alice")
      terminal.type("/mgs bob hi\r")
      yield* terminal.shows("did you mean /msg?")
      yield* terminal.shows("alice> /mgs bob hi")
      expect(screen().at(-1)).toBe("alice> /mgs bob hi")
      terminal.type("\u0015query bob\rexti\r")
      yield* terminal.shows("alice → bob> exti")
      terminal.type("\r")
      yield* terminal.shows("alice → bob: exti")
      expect(screen().at(-1)).toMatch(/^alice → bob( …)?>$/)
      expect(client.calls.at(-1)).toBe("send bob exti")
      terminal.type("\u0003")
      yield* exit
    })
  )

  it.live("asks about what is misspelt behind a command, and does nothing before", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice")
      terminal.type(
        [
          "list",
          "/group jion team",
          "/group mebmers",
          "/group tema bob",
          "/path bob realy-only",
          "/show al",
          "/set shwo all",
          "/set bell mentoins",
          "/verify bob yse",
          "/to alcie",
          "/quit\n"
        ].join("\n")
      )
      yield* exit
      const said = [
        "* did you mean /group join team? There is a group team",
        "* did you mean /path bob relay-only? Otherwise type /path NICK",
        "* did you mean /show all? Otherwise type /show all|focus",
        "did you mean /set show all?",
        "* bell is one of all, mentions, off; did you mean /set bell mentions?",
        "* did you mean /verify bob yes? Otherwise type",
        "* there is no conversation alcie: query NICK begins one; did you mean alice?"
      ]
      for (const sentence of said) expect(terminal.output()).toContain(sentence)
      expect(client.calls.filter((call) => /^(group |groupJoin|path|set|verify)/.test(call))).toEqual([
        "group tema bob"
      ])
    })
  )

  it.live("says what a message needs, and what a call misses", () =>
    Effect.gen(function* () {
      const { terminal, exit } = yield* start(false, "alice")
      terminal.type("/msg carol hi\nquery nobody\n/nonsense\nexit\n")
      yield* exit
      expect(terminal.output()).toContain(
        "* calling carol, key key of carol, new to you; the conversation stays as it is"
      )
      expect(terminal.output()).toContain("alice → carol: hi\n")
      expect(terminal.output()).not.toContain("you are talking to")
      expect(terminal.output()).toContain("* nobody has this nickname")
      expect(terminal.output()).toContain("* there is no command /nonsense; /help lists all")
    })
  )

  it.live("shows nothing of a peer that a terminal would obey, and no line that could be another's", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice")
      const evil = "e\u001b[2Jvil\u202e"
      yield* terminal.shows("you are alice")
      client.happens(
        { _tag: "Joined", nick: evil },
        FakeClient.call(evil, { fingerprint: "\u001b]0;x\u0007" }),
        { _tag: "Message", from: evil, id: messageId("1"), text: "one\r\ncarol: two\u001b[31m" },
        {
          _tag: "Connected",
          nick: evil,
          fingerprint: "f",
          trust: "new",
          path: { kind: "direct", address: "\u009b1m", rttMs: 3 }
        },
        { _tag: "ServerLost", message: "\u001b[1mgone", retryInMs: 1 },
        { _tag: "Greeting", text: "\u001b[2Jwelcome\ncarol: hi" },
        { _tag: "Failed", code: "X", message: "\u001bc", nick: evil }
      )
      yield* terminal.shows("\uFFFDc")
      terminal.type("exit\n")
      yield* exit
      expect(terminal.output()).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
      expect(terminal.output()).toContain("* the server says: \uFFFD[2Jwelcome\n    carol: hi\n")
      expect(terminal.output()).toContain(": one\n    carol: two\uFFFD[31m\n")
    })
  )

  it.effect("says when a message takes its time, and when it arrived after all", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(false, "alice", (client) => {
        Object.assign(client, { send: () => Effect.succeed("7") })
      })
      terminal.type("query bob\nhi\n")
      yield* terminal.shows("alice → bob: hi")
      yield* TestClock.adjust("5 seconds")
      yield* terminal.shows("waiting: bob has not got 1 message yet")
      client.happens({ _tag: "Delivered", nick: "bob", id: messageId("7") })
      yield* terminal.shows("bob has got all your messages")
      terminal.type("exit\nexit\n")
      yield* exit
    })
  )
})

describe("the terminal client, on a terminal", () => {
  it.live("prints above the line being typed", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start(true, "alice")
      terminal.type("query bob\r")
      yield* terminal.shows("calling bob")
      terminal.type("half a sen")
      yield* terminal.shows("half a sen")
      client.happens({ _tag: "Message", from: "bob", id: messageId("1"), text: "an interruption" })
      yield* terminal.shows("an interruption")
      terminal.type("tence")
      yield* terminal.shows("half a sentence")
      expect(screen().at(-1)).toBe("alice → bob> half a sentence")
      expect(screen().at(-2)).toBe("── not verified · calling…")
      expect(screen().at(-3)).toMatch(/^\d\d:\d\d bob: an interruption$/)
      terminal.type("\u0003")
      terminal.type("\u0003")
      yield* exit
      expect(client.calls.at(-1)).toBe("exit")
      expect(screen().some((row) => row.includes("> "))).toBe(false)
    })
  )

  it.live("asks before it sends many pasted lines, and gives them back when the answer is no", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start(true, "alice")
      const sent = () => client.calls.filter((call) => call.startsWith("send"))
      const paste = (lines: number) => `\u001b[200~${"line\n".repeat(lines)}\u001b[201~`
      terminal.type("query bob\r")
      yield* terminal.shows("calling bob")
      terminal.type(`${paste(5)}\r`)
      while (sent().length < 1) yield* Effect.yieldNow()
      terminal.type(`${paste(6)}\r`)
      yield* terminal.shows("send 6 lines? (y/n) ")
      expect(screen().at(-1)).toBe("send 6 lines? (y/n)")
      terminal.type("why")
      yield* terminal.shows("send 6 lines? (Ctrl-C: no) why")
      terminal.type("\u0003")
      yield* terminal.shows("line\u001b[K\r\nwhy")
      expect(sent()).toHaveLength(1)
      terminal.type("\r")
      yield* terminal.shows("send 7 lines? (y/n) ")
      terminal.type("n\ry")
      while (sent().length < 2) yield* Effect.yieldNow()
      expect(sent()[1]).toBe(`send bob ${"line\n".repeat(6)}why`)
      terminal.type("\u0003")
      yield* exit
    })
  )

  it.live("sets long messages in under their text", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start(true, "alice")
      yield* terminal.shows("you are alice")
      client.happens({ _tag: "Message", from: "bob", id: messageId("1"), text: "wrapped words ".repeat(5).trim() })
      yield* terminal.shows("wrapped")
      const at = screen().findIndex((row) => row.includes("bob: wrapped"))
      expect(screen()[at]).toMatch(/^\d\d:\d\d bob: wrapped words wrapped words wrapped words wrapped$/)
      expect(screen()[at + 1]).toBe(`${" ".repeat(11)}words wrapped words`)
      terminal.type("\u0003")
      yield* exit
    })
  )

  it.live("offers files, by path and nickname, and acts on what is offered", () =>
    Effect.gen(function* () {
      const { terminal, client, screen, exit } = yield* start(true, "alice")
      const calls = (name: string) => client.calls.filter((call) => call.startsWith(name))
      yield* terminal.shows("you are alice")
      terminal.type("/send a.txt\r")
      yield* terminal.shows("type /send PATH NICK")
      terminal.type("/send a.txt bob\r")
      yield* terminal.shows("query bob first")
      terminal.type("query bob\r/send my notes.txt\r/send 'x y' bob\r/send a\\ b\r/send a b bob\r")
      while (calls("offer").length < 5) yield* Effect.yieldNow()
      expect(calls("offer").slice(1)).toEqual([
        "offer bob my notes.txt",
        "offer bob x y",
        "offer bob a b",
        "offer bob a b"
      ])
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({}) })
      yield* terminal.shows("bob offers [1]")
      terminal.type("/accept\r")
      while (calls("accept").length < 1) yield* Effect.yieldNow()
      const moving = FakeClient.transfer({ state: "active", transferred: 600_000, rate: 1e6 })
      client.happens({ _tag: "Transfer", transfer: moving })
      yield* terminal.shows("50 %")
      expect(screen().at(-3)).toMatch(/^\[1\] report.pdf ← bob █{5,}░{5,} {2}50 % {2}1\.0 MB\/s {2}0:01$/)
      expect(screen().at(-1)).toBe("alice → bob>")
      terminal.type("/files\r/cancel 1\r/resume\r")
      yield* terminal.shows("there is nothing to resume")
      expect(calls("cancel")).toEqual([`cancel ${FakeClient.TRANSFER}`])
      client.happens({ _tag: "Transfer", transfer: FakeClient.transfer({ state: "cancelled" }) })
      yield* terminal.shows("was cancelled")
      expect(screen().at(-1)).toBe("alice → bob>")
      terminal.type("\u0003")
      yield* exit
    })
  )

  it.live("completes nicknames and ends with Ctrl-D", () =>
    Effect.gen(function* () {
      const { terminal, client, exit } = yield* start(true, "alice")
      yield* terminal.shows("you are alice")
      client.happens({ _tag: "Joined", nick: "Bartholomew" })
      yield* terminal.shows("is here")
      terminal.type("query bar\t\r")
      yield* terminal.shows("calling Bartholomew")
      terminal.type("\u0004")
      yield* exit
      expect(client.calls).toContain("query Bartholomew")
    })
  )
})

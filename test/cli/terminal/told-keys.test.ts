import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { ChatModel } from "../../../src/cli/terminal/ChatModel.js"
import * as KeyTexts from "../../../src/cli/terminal/KeyTexts.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as PeerList from "../../../src/cli/terminal/PeerList.js"
import * as Program from "../../../src/cli/terminal/Program.js"
import * as QrCode from "../../../src/cli/terminal/QrCode.js"
import * as When from "../../../src/cli/terminal/When.js"
import { type Printed, plainly, wrap } from "../../../src/cli/terminal/Wrap.js"
import type { ClientEvent } from "../../../src/core/client/Events.js"
import * as Memory from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"

const NOW = new Date(2026, 2, 9, 12).getTime()
const DAY = 86_400_000
const PLAIN = Palette.make(false)
const TRUE = "07774 20871 11111 22222 33333 44444"
const OTHER = "29127 66666 77777 88888 99999 00000"
const path = { kind: "direct", address: "192.0.2.1:1", rttMs: 3 } as const

const looking = { me: "alice", palette: PLAIN }
const chat = () => new ChatModel({ palette: PLAIN, now: () => NOW, interactive: false })
const text = (lines: ReadonlyArray<Printed>): string =>
  lines
    .map(plainly)
    .map((line) => (typeof line === "string" ? line : line.head + line.lines.join("\n")))
    .join("\n")

describe("where no mark can be seen", () => {
  it("says once that what was written has been read", () => {
    const model = chat()
    model.sent("bob", messageId("1"), "hi")
    model.sent("bob", messageId("2"), "are you there?")
    const read = (id: string) => text(model.handle({ _tag: "Read", nick: "bob", id: messageId(id) }))
    expect(read("1"), "there is more to be read").toBe("")
    expect(read("2")).toBe("* bob has read what you wrote")
    expect(read("2")).toBe("")
  })
})

describe("whose key it is", () => {
  it.each([
    [{ trust: "new" }, "new to you"],
    [{ trust: "new", chosenAt: NOW }, "chosen by you today, not verified"],
    [{ trust: "known", since: NOW }, "known since today, not verified"],
    [{ trust: "known", since: NOW - DAY }, "known since yesterday, not verified"],
    [{ trust: "verified", since: NOW - 9 * DAY }, "known since 28 February, verified"],
    [{ trust: "verified", since: NOW - 365 * DAY }, "known since 9 March 2025, verified"],
    [{ trust: "known", since: NOW, knownAs: "mallory" }, "known to you as mallory since today, not verified"]
  ] as const)("%j is told as: %s", (info, told) => {
    expect(KeyTexts.key({ fingerprint: TRUE, ...info }, NOW)).toBe(`key ${TRUE}, ${told}`)
    expect(When.day(NOW, NOW)).toBe("today")
  })

  it("is on the screen when a call is made, and marked at the prompt when it is verified", () => {
    const model = chat()
    model.handle({ _tag: "Registered", nick: "alice", address: "192.0.2.9:9", fingerprint: OTHER })
    expect(text(model.opened({ nick: "bob", fingerprint: TRUE, trust: "new" }))).toContain(`key ${TRUE}, new to you`)
    expect(model.prompt()).toBe("alice → bob> ")
    const connected = { _tag: "Connected", nick: "bob", fingerprint: TRUE, trust: "new", path } as const
    // Said once, and again when it is another one.
    expect(text(model.handle(connected))).not.toContain(TRUE)
    expect(text(model.handle({ ...connected, fingerprint: OTHER }))).toContain(`key ${OTHER}`)
    model.handle({ ...connected, trust: "verified", fingerprint: TRUE })
    expect(model.prompt()).toBe("alice → bob ✓> ")
  })

  it("is on the screen when somebody calls; repeated calls and those not shown are counted", () => {
    const model = chat()
    expect(text(model.handle(FakeClient.call("bob", { fingerprint: TRUE })))).toBe(
      `* bob wants to talk: type query bob to answer\n*   key ${TRUE}, new to you`
    )
    expect(text(model.handle(FakeClient.call("bob", { fingerprint: TRUE, calls: 96, hidden: 3 })))).toMatch(
      /bob wants to talk \(96 calls\): .*\n.*\n\* 3 more calls of strangers were not shown/
    )
    expect(text(model.handle(FakeClient.call("carol", { fingerprint: TRUE, answered: true })))).toContain(
      "carol wants to talk, and was answered"
    )
  })

  it("is told when its owner takes another name", () => {
    const model = chat()
    model.opened({ nick: "mallory", fingerprint: OTHER, trust: "known" })
    expect(text(model.handle({ _tag: "Renamed", from: "mallory", to: "bob", fingerprint: OTHER }))).toBe(
      `* mallory is now called bob, key ${OTHER}\n*   the conversation stays with mallory, until you type query bob`
    )
  })

  it("that changed is shown below the known one, with what to type", () => {
    const change = { known: TRUE, offered: OTHER, verified: true }
    const model = chat()
    const lines = text(model.handle({ _tag: "Failed", code: "KeyChanged", message: "m", nick: "bob", change })).split(
      "\n"
    )
    expect(lines.every((line) => line.startsWith("!!"))).toBe(true)
    const [known, shown] = [
      lines.findIndex((line) => line.includes(TRUE)),
      lines.findIndex((line) => line.includes(OTHER))
    ]
    expect(shown).toBe(known + 1)
    expect(lines[known]!.indexOf(TRUE)).toBe(lines[shown]!.indexOf(OTHER))
    expect(lines.join("\n")).toMatch(
      /Nothing goes to either[\s\S]*\/trust bob 07774 keeps[\s\S]*\/trust bob 29127 takes/
    )
  })

  it("that changed stands below the known one, digit by digit, on a narrow screen too", () => {
    for (const palette of [PLAIN, Palette.make(true)]) {
      const block = KeyTexts.changed("bob", { known: TRUE, offered: OTHER, verified: true }, palette)
      const rows = block.flatMap((line) => wrap(line, 40)).map((row) => stripVTControlCharacters(row))
      expect(rows.every((row) => row.startsWith("!!") && row.length <= 40)).toBe(true)
      expect(rows).toContain(`!!   ${TRUE}`)
      expect(rows).toContain(`!!   ${OTHER}`)
    }
  })

  it("is marked on the list where the server claims another one", () => {
    const listed = { nick: "bob", address: "192.0.2.1:1", fingerprint: OTHER }
    const lines = PeerList.table([{ ...listed, differsFrom: TRUE, knownAs: "mallory", blocked: true }], looking).flat()
    expect(text(lines)).toMatch(
      new RegExp(`NOT the key that you know under this name: ${TRUE}[\\s\\S]*mallory[\\s\\S]*blocked`)
    )
    expect(PeerList.table([listed], looking).flat()).toHaveLength(1)
  })
})

describe("the QR code", () => {
  const digits = FakeClient.PAIR_NUMBER.replaceAll(" ", "")

  it("has three finder patterns and a quiet zone, and is left out where there is no room", () => {
    const lines = QrCode.draw(digits, 80, false)!
    expect(lines).toHaveLength(15)
    for (const line of lines) expect(line).toHaveLength(29)
    expect(lines[0]).toBe("█".repeat(29))
    // 1:1:3:1:1, light drawn.
    expect(lines[1]!.slice(2, 9)).toBe(" ▄▄▄▄▄ ")
    expect(lines[1]!.slice(20, 27)).toBe(" ▄▄▄▄▄ ")
    expect(QrCode.draw(digits, 28, false)).toBeUndefined()
    expect(QrCode.draw(digits, 29, true)![0]).toBe(`\u001b[97;40m${"█".repeat(29)}\u001b[m`)
  })
})

describe("/verify", () => {
  const start = Effect.gen(function* () {
    const terminal = yield* Memory.make({ inputIsTty: true })
    const client = yield* FakeClient.make
    const program = Program.run(client, { nick: "alice" })
    const fiber = yield* Effect.fork(Effect.provideService(program, Terminal, terminal.terminal))
    return { terminal, client, exit: Fiber.await(fiber) }
  })

  it.live("shows the number, and takes the one that was shown as compared", () =>
    Effect.gen(function* () {
      const { client, exit, terminal } = yield* start
      terminal.type("/verify bob yes\nquery bob\n/verify\n/verify bob yes\n/verify bob 07774\n")
      terminal.type("/block bob\nlost\n/unblock bob\n/ignore carol\n/forget carol\n/contacts\n/key\nexit\n")
      yield* exit
      expect(client.calls.slice(2)).toEqual([
        "key bob",
        `verify bob ${FakeClient.PAIR_NUMBER}`,
        "verify bob 07774",
        "block bob",
        "unblock bob",
        "ignore carol",
        "forget carol",
        "contacts",
        "key ",
        "exit"
      ])
      expect(terminal.output()).toContain("type /verify bob first")
      expect(terminal.output()).toContain("10000 10001 10002 10003\n    10004")
      expect(terminal.output()).toContain("bob is blocked")
      // Nothing goes to somebody who was blocked.
      expect(terminal.output()).toContain("you are in no conversation")
    })
  )
})

describe("text of others", () => {
  const EVIL = "\u001b]0;owned\u0007\u001b[2J\u009b1A\r\u202e\n* you"

  /** Every event, with hostile text wherever there can be text. */
  const events: ReadonlyArray<ClientEvent> = [
    { _tag: "Registered", nick: EVIL, address: EVIL, fingerprint: EVIL },
    { _tag: "NickTaken", nick: EVIL, suggestions: [EVIL] },
    { _tag: "Greeting", text: EVIL },
    { _tag: "ServerLost", message: EVIL, retryInMs: 1 },
    FakeClient.call(EVIL, { fingerprint: EVIL, trust: "known", knownAs: EVIL }),
    { _tag: "Connected", nick: EVIL, fingerprint: `${EVIL}2`, trust: "known", path: { ...path, address: EVIL } },
    { _tag: "PathChanged", nick: EVIL, path: { ...path, kind: "relay", address: EVIL } },
    { _tag: "Renamed", from: EVIL, to: EVIL, fingerprint: EVIL },
    { _tag: "Mutual", nick: EVIL },
    { _tag: "Message", from: EVIL, id: messageId(1), text: EVIL },
    { _tag: "Waiting", nick: EVIL, id: messageId(2) },
    { _tag: "Kept", nick: EVIL, undelivered: 1 },
    { _tag: "Journal", safe: false, message: EVIL },
    { _tag: "Disconnected", nick: EVIL, reason: "left", undelivered: 1 },
    { _tag: "Joined", nick: EVIL },
    { _tag: "Left", nick: EVIL },
    { _tag: "Failed", code: "KeyChanged", message: EVIL, nick: EVIL },
    {
      _tag: "Failed",
      code: "KeyChanged",
      message: EVIL,
      nick: EVIL,
      change: { known: EVIL, offered: EVIL, verified: true }
    },
    { _tag: "Transfer", transfer: FakeClient.transfer({ nick: EVIL, name: EVIL }) },
    { _tag: "Closed", reason: "refused", message: EVIL }
  ]

  it.each(events.map((event) => [event._tag, event] as const))("of %s has no control in it", (_, event) => {
    const model = chat()
    const lines = model
      .handle(event)
      .map(plainly)
      .flatMap((line) => (typeof line === "string" ? [line] : [line.head, ...line.lines]))
    for (const line of [...lines, model.prompt()]) expect(line).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  it("that the client gives as answers has none either", () => {
    const who = { nick: EVIL, fingerprint: EVIL, trust: "known", knownAs: EVIL, blocked: false } as const
    const lines = [
      ...KeyTexts.person(who, false, NOW, PLAIN),
      ...KeyTexts.pair(EVIL, EVIL, PLAIN, { columns: 80, colors: false, drawn: false }),
      ...KeyTexts.contacts([who], NOW, PLAIN),
      ...PeerList.table(
        [{ nick: EVIL, address: EVIL, fingerprint: EVIL, differsFrom: EVIL, knownAs: EVIL }],
        looking
      ).flat()
    ]
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\u202e]/u)
  })
})

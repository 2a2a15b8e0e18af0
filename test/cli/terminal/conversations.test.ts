import fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, it } from "vitest"
import { ChatModel } from "../../../src/cli/terminal/ChatModel.js"
import { mentions } from "../../../src/cli/terminal/Mentions.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import { flat, type Printed, wrap } from "../../../src/cli/terminal/Wrap.js"
import type { ClientEvent } from "../../../src/core/client/Events.js"
import { messageId } from "../../support/ids.js"
import * as FakeClient from "../FakeClient.js"

const NOON = new Date(2026, 2, 9, 12).getTime()
const MINUTE = 60_000
const path = (kind: "direct" | "lan" | "relay", rttMs = 12) => ({ kind, address: "192.0.2.1:1", rttMs })

/** Alice's screen, with a clock that the test moves. */
const screen = (interactive = true) => {
  let now = NOON
  let id = 0
  const chat = new ChatModel({ palette: Palette.make(false), now: () => now, interactive })
  const show = (printed: ReadonlyArray<Printed>): ReadonlyArray<string> => chat.flushed(printed).flatMap(flat)
  const happens = (event: ClientEvent) => show(chat.handle(event))
  happens({ _tag: "Registered", nick: "alice", address: "192.0.2.9:9", fingerprint: "1" })
  return {
    chat,
    show,
    happens,
    pass: (ms: number) => {
      now += ms
    },
    says: (from: string, text: string) => happens({ _tag: "Message", from, id: messageId(String(++id)), text }),
    opens: (nick: string) => show(chat.opened({ nick, fingerprint: "1", trust: "known" })),
    connects: (nick: string) =>
      happens({ _tag: "Connected", nick, fingerprint: "1", trust: "known", path: path("direct") }),
    sends: (to: string, text: string, name = String(++id)) => show(chat.sent(to, messageId(name), text)),
    status: (columns = 80) => chat.status(columns).at(-1) ?? ""
  }
}

describe("several conversations on one screen", () => {
  it("are all printed whole as long as none is in focus, and when the person wants it so", () => {
    const { chat, opens, says } = screen()
    expect(says("bob", "hi")).toEqual(["12:00 bob: hi", "* type query bob to answer"])
    opens("carol")
    chat.change({ name: "show", value: "all" }, "now")
    expect(says("bob", "again")).toEqual(["12:00 bob: again"])
    expect(screen(false).says("bob", "hi")[0]).toBe("bob: hi")
  })

  it("have people in one colour from the first line on, that of their key", () => {
    const palette = Palette.make(true, 24)
    const chat = new ChatModel({ palette, now: () => NOON, interactive: true })
    const called = chat.handle(FakeClient.call("carol")).flatMap(flat)
    expect(called[0]).toContain(palette.nick("carol"))
    const opened = chat.opened({ nick: "dave", fingerprint: "12345 67890", trust: "new" }).flatMap(flat)
    expect(opened[0]).toContain(palette.nick("dave"))
  })

  it("have one line for all that somebody else says, and the count in the status line", () => {
    const { chat, opens, pass, says, status } = screen()
    opens("bob")
    opens("carol")
    expect(says("bob", "are you there?\nhello?")).toEqual(["  bob: are you there? hello?"])
    expect(says("bob", "hm")).toEqual([])
    expect(status()).toContain("1 bob 2")
    pass(MINUTE)
    expect(says("bob", "well")).toEqual(["  bob (3 new): well"])
    expect(says("bob", "ALICE, wake up")).toEqual(["  bob (4 new): ALICE, wake up"])
    expect(status()).toContain("1 bob 4!")
    expect(chat.focus).toBe("carol")
  })

  it("never move the focus, whatever happens", () => {
    const { chat, connects, happens, opens, says } = screen()
    opens("bob")
    opens("carol")
    says("bob", "hi")
    connects("bob")
    happens(FakeClient.call("dave", { answered: true }))
    happens({ _tag: "Renamed", from: "carol", to: "eve", fingerprint: "1" })
    happens({ _tag: "Disconnected", nick: "carol", reason: "left", undelivered: 0 })
    happens({ _tag: "Left", nick: "carol" })
    for (let stranger = 0; stranger < 300; stranger++) says(`stranger${stranger}`, "psst")
    expect(chat.focus).toBe("carol")
    expect(chat.conversation).toBe("carol")
    expect(chat.conversations.length).toBeLessThanOrEqual(256)
    expect(chat.conversations.some(({ nick }) => nick === "bob")).toBe(true)
  })

  it("show when they are turned to what was said last, and from where on it is new", () => {
    const { chat, opens, pass, says, sends, show, status } = screen()
    opens("bob")
    says("bob", "old")
    sends("bob", "mine", "7")
    chat.handle({ _tag: "Delivered", nick: "bob", id: messageId("7") })
    opens("carol")
    pass(MINUTE)
    says("bob", "new one")
    pass(MINUTE)
    says("bob", "new two")
    const lines = show(chat.turnTo(1)!)
    expect(lines).toEqual([
      "─── bob ───",
      "12:00 bob: old",
      "12:00 alice → bob: mine ✓",
      "─── new since 12:01 ───",
      "12:01 bob: new one",
      "12:02 bob: new two"
    ])
    expect(status()).not.toContain("carol")
    expect(chat.focus).toBe("bob")
    expect(show(chat.turnTo("bob")!)).not.toContain("─── new since 12:01 ───")
    expect(chat.turnTo(9)).toBeUndefined()
  })

  it("say since when what happened in them is new, also where nothing was said", () => {
    const { chat, connects, happens, opens, show } = screen()
    opens("bob")
    happens(FakeClient.call("carol"))
    connects("carol")
    happens({ _tag: "Mutual", nick: "carol" })
    expect(show(chat.opened({ nick: "carol", fingerprint: "1", trust: "known" }))).toContain("─── new since 12:00 ───")
  })

  it("show all that is new, however much, as far as it is kept", () => {
    const { chat, opens, says, show } = screen()
    opens("bob")
    opens("carol")
    for (let count = 0; count < 30; count++) says("bob", `text ${count}`)
    const lines = show(chat.turnTo("bob")!)
    expect(lines.filter((line) => line.includes("text"))).toHaveLength(30)
    opens("carol")
    for (let count = 0; count < 100_000; count++) says("bob", `text ${count}`)
    const many = show(chat.turnTo("bob")!)
    expect(many.length).toBeLessThan(210)
    expect(many.at(-1)).toContain("text 99999")
  })

  it("are turned to by what matters: a call, a mention, a text", () => {
    const { chat, happens, opens, says, show } = screen()
    for (const nick of ["text", "mention", "here"]) opens(nick)
    says("text", "hi")
    says("mention", "hi, Alice!")
    happens(FakeClient.call("caller"))
    const order = ["caller", "mention", "text"]
    for (const nick of order) {
      expect(show(chat.turnToNews())[0]).toBe(`─── ${nick} ───`)
      expect(chat.focus).toBe(nick)
    }
    expect(show(chat.turnToNews())).toEqual(["* nothing is new"])
  })

  it("go on when the person turns away, and say how to return", () => {
    const { chat, opens, says, show } = screen()
    opens("bob")
    expect(show(chat.turnAway())).toEqual(["* the conversation with bob goes on: /to bob returns to it"])
    expect(chat.focus).toBeUndefined()
    expect(says("bob", "hi")).toEqual(["12:00 bob: hi"])
    expect(show(chat.turnTo("BOB")!)[0]).toBe("─── bob ───")
  })

  it("say which day it is where that changes", () => {
    const { chat, opens, pass, says, show } = screen()
    opens("bob")
    expect(says("bob", "tonight?")).toEqual(["12:00 bob: tonight?"])
    pass(24 * 60 * MINUTE)
    expect(says("bob", "well?")).toEqual(["─── Tuesday, 10 March 2026 ───", "12:00 bob: well?"])
    opens("carol")
    expect(show(chat.turnTo("bob")!)).toEqual([
      "─── bob ───",
      "12:00 bob: tonight?",
      "─── Tuesday, 10 March 2026 ───",
      "12:00 bob: well?"
    ])
  })

  it("count as read only where they stand on the screen", () => {
    const { chat, opens, says } = screen()
    opens("bob")
    opens("carol")
    says("bob", "one")
    says("carol", "two")
    expect(chat.takeUnread().map(({ nick }) => nick)).toEqual(["carol"])
    chat.turnTo("bob")
    expect(chat.takeUnread().map(({ nick }) => nick)).toEqual(["bob"])
    expect(chat.takeUnread()).toEqual([])
  })
})

describe("a message of ours", () => {
  it("stands above the draft, where its mark changes, until something else is printed", () => {
    const { chat, connects, happens, opens, says, sends, status } = screen()
    opens("bob")
    expect(sends("bob", "hi", "7")).toEqual([])
    expect(chat.views.held(80)[0]).toBe("12:00 alice → bob: hi ○")
    expect(status()).toContain("goes out when they are connected")
    connects("bob")
    sends("bob", "hello", "8")
    expect(chat.views.held(80)[0]).toBe("12:00 alice → bob: hello …")
    happens({ _tag: "Delivered", nick: "bob", id: messageId("7") })
    happens({ _tag: "Delivered", nick: "bob", id: messageId("8") })
    expect(chat.views.held(80)[0]).toBe("12:00 alice → bob: hello ✓")
    happens({ _tag: "Read", nick: "bob", id: messageId("8") })
    expect(chat.views.held(80)[0]).toBe("12:00 alice → bob: hello ✓✓")
    expect(says("bob", "hey")).toEqual(["12:00 alice → bob: hello ✓✓", "12:00 bob: hey"])
    expect(chat.views.held(80)).toEqual([])
  })

  it("waits visibly for whoever has not answered", () => {
    const { chat, happens, opens, sends } = screen()
    opens("bob")
    sends("bob", "hi", "7")
    expect(happens({ _tag: "Waiting", nick: "bob", id: messageId("7") })[0]).toBe("12:00 alice → bob: hi ◌")
    expect(chat.status(80).at(-1)).toContain("waits for their answer")
  })

  it("is printed at once where it would take the screen, and no more than three stand above the draft", () => {
    const { chat, opens, sends } = screen()
    opens("bob")
    expect(sends("bob", "1\n2\n3\n4")).toHaveLength(4)
    for (const text of ["a", "b", "c"]) expect(sends("bob", text)).toEqual([])
    expect(sends("bob", "d")[0]).toContain("alice → bob: a")
    for (const columns of [20, 40, 80]) {
      sends("bob", "long ".repeat(100).trim())
      expect(chat.views.held(columns).length).toBeLessThanOrEqual(6)
    }
  })

  it("has no row that is wider than the screen above the draft, and its address whole when it is printed", () => {
    const { chat, opens, sends } = screen()
    opens("bob")
    const address = `https://example.org/${"path/".repeat(20)}`
    sends("bob", `look at ${address}`)
    for (const columns of [10, 20, 39, 79])
      for (const row of chat.views.held(columns)) expect(stringWidth(row)).toBeLessThanOrEqual(columns)
    const [printed] = chat.flushed(["next"])
    expect(wrap(printed!, 60)).toEqual(["12:00 alice → bob: look at", `${address} ○`])
  })
})

describe("the status line", () => {
  it("says whom, how, and whether verified, and what a path change does not say in the talk", () => {
    const { chat, connects, happens, opens, status } = screen()
    happens({ _tag: "Server", server: "chat.example.org", encryption: "tls" })
    opens("bob")
    expect(status()).toBe("── not verified · calling… · on chat.example.org")
    connects("bob")
    expect(status()).toContain("direct 12 ms")
    expect(happens({ _tag: "PathChanged", nick: "bob", path: path("lan", 0.4) })).toEqual([])
    expect(status()).toContain("local <1 ms")
    expect(happens({ _tag: "PathChanged", nick: "bob", path: path("relay", 80) })).toHaveLength(1)
    expect(status()).toContain("relay 80 ms")
    expect(chat.measured("bob", path("relay", 80.3))).toBeUndefined()
    expect(chat.measured("bob", path("relay", 95))).toEqual([])
    chat.verified("bob")
    expect(status()).toContain("── verified · relay 95 ms")
    happens({ _tag: "ServerLost", message: "gone", retryInMs: 1 })
    expect(status()).toContain("no server")
    expect(happens({ _tag: "Joined", nick: "dave" })).toEqual([])
  })

  it("says once that a way goes back and forth, and how it is when it stays so", () => {
    const { chat, connects, happens, opens, pass, status } = screen()
    opens("bob")
    connects("bob")
    const told: Array<string> = []
    const turns = (kind: "direct" | "relay") =>
      told.push(...happens({ _tag: "PathChanged", nick: "bob", path: path(kind, 9) }))
    for (let turn = 0; turn < 20; turn++) {
      turns(turn % 2 === 0 ? "relay" : "direct")
      pass(29_000)
    }
    expect(told).toEqual(["* bob is now reached through the server's relay, 192.0.2.1:1"])
    expect(status()).toContain("direct 9 ms")
    pass(1_000)
    // Nothing happens any more: it is found when it is measured.
    expect(chat.measured("bob", path("direct", 9))).toEqual(["* bob is now reached directly, 192.0.2.1:1"])
    expect(chat.measured("bob", path("direct", 9))).toBeUndefined()
    pass(60_000)
    expect(turns("relay")).toBe(2)
  })

  it("keeps the alarm of a changed key in the prompt until somebody has decided", () => {
    const { chat, happens, opens, status } = screen()
    opens("carol")
    const change = { known: "11111 2", offered: "33333 4", verified: true }
    happens({ _tag: "Failed", code: "KeyChanged", message: "m", nick: "bob", change })
    expect(chat.prompt()).toBe("!! key alice → carol> ")
    expect(status(50)).toContain("!! another key for bob")
    expect(chat.disputes.again("BOB")).toContain("!!   11111 2  known, and you had verified it")
    expect(chat.disputes.again("carol")).toEqual([])
    chat.disputes.settled("Bob")
    expect(chat.prompt()).toBe("alice → carol> ")
    expect(chat.disputes.again("bob")).toEqual([])
  })

  it("never leaves the alarm out of a narrow status line: long nicknames, and several, are cut", () => {
    const { happens, opens, status } = screen()
    opens("carol")
    const change = { known: "11111 2", offered: "33333 4", verified: true }
    const alarm = (nick: string) => happens({ _tag: "Failed", code: "KeyChanged", message: "m", nick, change })
    alarm("bartholomew-the-third-of-somewhere")
    expect(status(39)).toBe("── !! another key for bartholomew-the-…")
    expect(status(200)).toContain("!! another key for bartholomew-the-third-of-somewhere · ")
    alarm("bob")
    expect(status(39)).toBe("── !! another key for bartholomew-the-…")
    expect(status(200)).toContain("!! another key for bartholomew-the-third-of-somewhere, bob · ")
    expect(status(12)).toBe("── !! anoth…")
  })

  it("tells nobody to do nothing for a message that waits for the right key", () => {
    const { chat, happens, opens, sends } = screen()
    opens("bob")
    sends("bob", "hi", "1")
    const change = { known: "11111 2", offered: "33333 4", verified: true }
    happens({ _tag: "Failed", code: "KeyChanged", message: "m", nick: "bob", change })
    expect(chat.overdue("bob", messageId("1"))).toEqual([
      "* waiting: bob has not got 1 message yet; /key bob shows the two keys"
    ])
  })

  it("say of a message that was dropped with the key it was written to that it does not arrive", () => {
    const { chat, happens, opens, sends, status } = screen()
    opens("bob")
    sends("bob", "hi", "1")
    expect(status()).toContain("goes out when they are connected")
    happens({ _tag: "Failed", code: "Undelivered", message: "1 message was dropped", nick: "bob" })
    expect(status()).toContain("not delivered")
    expect(status()).not.toContain("goes out")
    expect(chat.unsent("bob")).toBeUndefined()
    expect(chat.overdue("bob", messageId("1"))).toEqual([])
  })

  it("fits, and leaves out what matters least", () => {
    const { happens, opens, says, status } = screen()
    happens({ _tag: "Server", server: "chat.example.org", encryption: "tls" })
    for (const nick of ["bob", "李雷和韩梅梅", "carol"]) opens(nick)
    says("bob", "alice!")
    says("李雷和韩梅梅", "hi")
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (columns) => {
        expect(stringWidth(status(columns))).toBeLessThanOrEqual(columns)
      })
    )
    expect(status(200)).toContain("on chat.example.org")
    expect(status(60)).not.toContain("on chat.example.org")
    expect(status(30)).toContain("1 bob 1!")
  })
})

describe("a mention", () => {
  it.each([
    ["alice", true],
    ["hi ALICE!", true],
    ["@alice: hi", true],
    ["malice", false],
    ["alices", false],
    ["alice_", false],
    ["alicé alice", true],
    ["see https://example.org/alice/x", false],
    ["see www.alice.example", false],
    ["write to alice@example.org", false],
    ["alice, see https://example.org/", true],
    ["", false]
  ])("of alice in %j: %s", (text, is) => {
    expect(mentions(text, ["alice"])).toBe(is)
  })

  it("is of any of the words, and of none where there is none", () => {
    expect(mentions("please deploy", ["", "deploy"])).toBe(true)
    expect(mentions("please", ["", ""])).toBe(false)
  })

  it("is found in whatever case and script", () => {
    expect(mentions("hallo STRASSE", ["straße"])).toBe(true)
    expect(mentions("γεια σου ΝΊΚΟΣ", ["νίκος"])).toBe(true)
    expect(mentions("こんにちは太郎さん", ["太郎"])).toBe(true)
    expect(mentions("สวัสดีสมชายครับ", ["สมชาย"])).toBe(true)
  })
})

import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import type { Conversation } from "../../../src/core/client/Conversations.js"
import { PeerEvents } from "../../../src/core/client/PeerEvents.js"
import { Reintroduction } from "../../../src/core/client/Reintroduction.js"
import { DisconnectReason, type PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import { MAX_STRANGERS } from "../../../src/core/peer/PeerTable.js"
import type { PathInfo } from "../../../src/core/peer/Route.js"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import { some } from "../../support/Effort.js"
import { messageId } from "../../support/ids.js"
import { Context, conversation, groupsOf, introducing, WALL } from "./Context.js"
import { Somebody } from "./Somebody.js"

const bob = new Somebody("bob", 2)
const { peer } = bob
const DIRECT: PathInfo = { kind: "direct", address: "203.0.113.9:1", rttMs: 20 }
const RELAY: PathInfo = { kind: "relay", address: "channel", rttMs: 90 }

let context: Context
let events: PeerEvents
let reintroduction: Reintroduction
let known: Conversation

const begin = (inbox = true) => {
  context = new Context()
  context.own.profile = new Somebody("alice", 1).profile()
  reintroduction = new Reintroduction(context)
  events = new PeerEvents(context, introducing(context), reintroduction, groupsOf(context, reintroduction), {
    inbox,
    relay: { name: "server:9090" }
  })
  known = context.introduce(conversation("bob", { peer, trying: true }))
}

const history = () => {
  const found: Array<string> = []
  for (let note = context.output.pollHistory(); note !== undefined; note = context.output.pollHistory())
    found.push(note._tag === "Begins" ? "Begins" : note.entry._tag)
  return found
}

beforeEach(() => begin())

describe("what a peer machine reports", () => {
  it("is told with the nickname, and what people know the relay by", () => {
    events.handle({ _tag: "Connected", peer, path: RELAY }, 0)
    events.handle({ _tag: "PathChanged", peer, path: DIRECT }, 0)
    expect(context.events()).toEqual([
      {
        _tag: "Connected",
        nick: "bob",
        fingerprint: known.fingerprint,
        trust: "new",
        path: { ...RELAY, address: "server:9090" }
      },
      { _tag: "PathChanged", nick: "bob", path: DIRECT }
    ])
    expect(known).toMatchObject({ connected: true, trying: false, path: "direct" })
  })

  it("notes when we talked to whom we asked for, and remembers only such a conversation", () => {
    const { contacts } = context.own.profile!
    contacts.meet({ peer, fingerprint: bob.fingerprint, nick: "bob", now: 5 })
    known.asked = false
    events.handle({ _tag: "Connected", peer, path: DIRECT }, 0)
    expect(contacts.get(peer)?.lastTalked).toBeUndefined()
    expect(history()).toEqual([])
    known.asked = true
    events.handle({ _tag: "Connected", peer, path: DIRECT }, 0)
    expect(contacts.get(peer)?.lastTalked).toBe(WALL)
    expect(history()).toEqual(["Begins"])
  })

  it("of strangers who were let go ends their conversations, so that there are as many as the peer machine holds", () => {
    const alice = new Somebody("alice", 1)
    context.begin(alice.profile())
    const introducer = introducing(context)
    const callers = Array.from({ length: 100 }, (_, i) => new Somebody(`caller${i}`, 100 + i))
    for (const caller of callers) {
      introducer.incoming(caller.offered(), 10)
      for (let event = context.peers!.pollEvent(); event !== undefined; event = context.peers!.pollEvent())
        events.handle(event, 0)
    }
    expect(context.conversations.get(peer)).toBe(known)
    expect(context.conversations.all()).toHaveLength(1 + MAX_STRANGERS)
    expect(context.conversations.byNick("caller0")).toBeUndefined()
    expect(context.conversations.byNick("caller99")).toBeDefined()
  })

  it("of a stranger whose call was one too many is not told either, until we ask for them", () => {
    context.begin(new Somebody("alice", 1).profile())
    const introducer = introducing(context)
    events = new PeerEvents(context, introducer, reintroduction, groupsOf(context, reintroduction), {
      inbox: true,
      relay: { name: "server:9090" }
    })
    for (let i = 0; i < 40; i++) introducer.incoming(new Somebody(`caller${i}`, 100 + i).offered(), 10)
    const [first, late] = [new Somebody("caller0", 100), new Somebody("caller39", 139)]
    expect(context.events().map(({ _tag }) => _tag)).toEqual(Array.from({ length: 32 }, () => "Incoming"))
    for (const one of [first, late]) {
      events.handle({ _tag: "Connected", peer: one.peer, path: DIRECT }, 20)
      events.handle({ _tag: "PathChanged", peer: one.peer, path: RELAY }, 20)
      events.handle({ _tag: "Disconnected", peer: one.peer, reason: "left", undelivered: 0 }, 30)
    }
    expect(context.events().map((event) => ("nick" in event ? [event._tag, event.nick] : []))).toEqual([
      ["Connected", "caller0"],
      ["PathChanged", "caller0"],
      ["Disconnected", "caller0"]
    ])
    introducer.consent(context.conversations.get(late.peer)!, 40)
    events.handle({ _tag: "Connected", peer: late.peer, path: DIRECT }, 50)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Connected", nick: "caller39" })])
  })

  it("of somebody who is blocked ends the conversation, and nothing more is told or opened", () => {
    context.begin(new Somebody("alice", 1).profile())
    const introducer = introducing(context)
    context.conversations.remove(known)
    introducer.incoming(bob.offered(), 10)
    context.peers!.block(peer, 20)
    for (let event = context.peers!.pollEvent(); event !== undefined; event = context.peers!.pollEvent())
      events.handle(event, 0)
    expect(context.events().map(({ _tag }) => _tag)).toEqual(["Incoming"])
    introducer.incoming(bob.offered(), 30)
    introducer.incoming(bob.offered({ record: Base64Url.encode(bob.record(0)) }), 30)
    expect(context.events()).toEqual([])
    expect(context.conversations.all()).toEqual([])
  })

  it("of a message is shown with what its reader is to confirm, and not at all without an inbox", () => {
    const event = { _tag: "Message", peer, id: messageId(1), text: "hello" } as const
    events.handle(event, 0)
    expect(context.output.pollEvent()).toEqual({
      _tag: "Told",
      event: { _tag: "Message", from: "bob", id: messageId(1), text: "hello" },
      message: { peer, nick: "bob", id: messageId(1), text: "hello" }
    })
    begin(false)
    events.handle(event, 0)
    expect(context.output.pollEvent()).toBeUndefined()
  })

  it("of our messages goes into the history before it is told", () => {
    for (const _tag of ["Delivered", "Read"] as const) events.handle({ _tag, peer, id: messageId(1) }, 0)
    expect(history()).toEqual(["Delivered", "Read"])
    expect(context.events().map(({ _tag }) => _tag)).toEqual(["Delivered", "Read"])
  })

  it("of a lost peer asks for it again, but for one that said goodbye or was closed", () => {
    for (const [reason, isAsked] of [
      ["timeout", true],
      ["unreachable", true],
      ["left", false],
      ["closed", false],
      ["replaced", false]
    ] as const) {
      begin()
      events.handle({ _tag: "Disconnected", peer, reason, undelivered: 3 }, 0)
      expect(reintroduction.advance(10), reason).toBe(isAsked)
      expect(known).toMatchObject({ connected: false, trying: false, departed: reason === "left" })
      expect(context.events()).toEqual([{ _tag: "Disconnected", nick: "bob", reason, undelivered: 3 }])
    }
  })

  it("of streams, and what ends them, passes to the driver in its order; nothing of strangers is told", () => {
    const stream = { peer, stream: 1 as never }
    const left = { _tag: "Disconnected", peer, reason: "left", undelivered: 0 } as const
    const reported: ReadonlyArray<PeerEvent> = [
      { _tag: "Mutual", peer },
      { _tag: "StreamOpened", ...stream },
      { _tag: "StreamReset", ...stream, code: 7 },
      left
    ]
    context.conversations.remove(known)
    for (const event of [...reported, { _tag: "Connected", peer, path: DIRECT } as const]) events.handle(event, 0)
    const passed: Array<unknown> = []
    for (let output = context.output.pollEvent(); output !== undefined; output = context.output.pollEvent())
      passed.push(output)
    expect(passed).toEqual(reported)
    expect(history()).toEqual([])
  })
})

/** In the peer machine's order: a message comes once, and only over a connection. */
const report = fc.oneof(
  fc.constantFrom(DIRECT, RELAY).map((path): PeerEvent => ({ _tag: "Connected", peer, path })),
  fc.constantFrom(DIRECT, RELAY).map((path): PeerEvent => ({ _tag: "PathChanged", peer, path })),
  fc.string().map((text): PeerEvent => ({ _tag: "Message", peer, id: messageId(text), text })),
  fc
    .constantFrom(...DisconnectReason.literals)
    .map((reason): PeerEvent => ({ _tag: "Disconnected", peer, reason, undelivered: 0 }))
)

describe("all that is reported of one peer", () => {
  it("is told once and in its order, and leaves the conversation as the last of it says", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), (reports) => {
        begin()
        for (const event of reports) events.handle(event, 0)
        const told = context.events()
        expect(told.map(({ _tag }) => _tag)).toEqual(reports.map(({ _tag }) => _tag))
        expect(told.flatMap((event) => (event._tag === "Message" ? [event.text] : []))).toEqual(
          reports.flatMap((event) => (event._tag === "Message" ? [event.text] : []))
        )
        const link = reports.findLast(({ _tag }) => _tag === "Connected" || _tag === "Disconnected")
        expect(known.connected).toBe(link?._tag === "Connected")
        expect(known.departed).toBe(link?._tag === "Disconnected" && link.reason === "left")
        expect(known.asked, "no report gives or takes our consent").toBe(true)
      }),
      { numRuns: some(500) }
    )
  })
})

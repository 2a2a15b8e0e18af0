import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import type { QueryError } from "../../../src/core/client/ClientError.js"
import type { Conversation } from "../../../src/core/client/Conversations.js"
import { Introducer, type QueryOutcome } from "../../../src/core/client/Introducer.js"
import type { OfferedIntroduction } from "../../../src/core/client/Introductions.js"
import type { QueryPurpose } from "../../../src/core/client/Purpose.js"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import type { PeerId } from "../../../src/domain/PeerId.js"
import { some } from "../../support/Effort.js"
import { Context, WALL } from "./Context.js"
import { Somebody } from "./Somebody.js"

const alice = new Somebody("alice", 1)
const bob = new Somebody("bob", 2)
const impostor = new Somebody("bob", 3)

let context: Context
let introducer: Introducer

const begin = () => {
  context = new Context()
  context.begin(alice.profile())
  introducer = new Introducer(context)
}

/** A query of ours is answered with this introduction. */
const answered = (introduction: OfferedIntroduction, expected?: PeerId, isWanted = true): QueryOutcome => {
  const purpose: QueryPurpose = { _tag: "Query", nick: "bob", expected, ticket: undefined, conversation: undefined }
  return introducer.handleAnswer(purpose, { _tag: "Introduced", introduction }, isWanted, 10)
}

const opened = (introduction: OfferedIntroduction): Conversation => {
  const outcome = answered(introduction)
  if (outcome._tag !== "Opened") throw new Error(`not opened: ${outcome.error.message}`)
  return outcome.conversation
}

const pinned = (nick = "bob") => context.own.profile!.pins.get(Nickname.key(nick))?.identity

beforeEach(begin)

describe("a query that is answered", () => {
  it("opens a conversation with our consent, and pins nobody before they have proven their key", () => {
    const conversation = opened(bob.offered())
    expect(conversation).toMatchObject({ nick: "bob", peer: bob.peer, asked: true, trying: true })
    expect(context.peers!.status(bob.peer)).toMatchObject({ consent: "inviting" })
    introducer.pinIfProven(conversation)
    expect(pinned()).toBeUndefined()
    conversation.connected = true
    introducer.pinIfProven(conversation)
    expect(pinned()).toBe(bob.peer)
    expect(context.wishes()).toEqual(["KeepProfile"])
  })

  it("opens nothing for whoever is not meant, is ourselves, or is not wanted any more", () => {
    expect(answered(bob.offered(), impostor.peer)).toMatchObject({ _tag: "Failed", error: { _tag: "NoSuchPeer" } })
    expect(answered(alice.offered())).toMatchObject({ _tag: "Failed", error: { _tag: "Yourself" } })
    expect(answered(bob.offered(), bob.peer, false)).toMatchObject({ _tag: "Failed", error: { _tag: "NotConnected" } })
    expect(context.conversations.all()).toEqual([])
    expect(context.peers!.peers()).toEqual([])
  })

  it("opens nothing for a record that is expired, broken, or of another nickname", () => {
    const record = bob.record()
    const broken = fc.nat(record.length - 1).map((at) => record.map((byte, index) => (index === at ? byte ^ 1 : byte)))
    const cases = fc.oneof(broken, fc.constantFrom(bob.record(WALL - 1), new Somebody("carol", 4).record()))
    fc.assert(
      fc.property(cases, (bytes) => {
        begin()
        expect(answered(bob.offered({ record: Base64Url.encode(bytes) }))).toMatchObject({ _tag: "Failed" })
        expect(context.peers!.peers()).toEqual([])
      }),
      { numRuns: some(500) }
    )
  })

  it("is asked of the server, and of nobody while it is away and we know them", () => {
    introducer.ask("bob", undefined, context.output.ticket(), 5)
    expect(context.sent("Query")).toEqual([expect.objectContaining({ nick: "bob" })])
    const conversation = opened(bob.offered())
    conversation.asked = false
    context.link.handleDisconnected("gone", 20)
    while (context.rendezvous.pollEvent(20) !== undefined);
    introducer.ask("bob", impostor.peer, context.output.ticket(), 30)
    expect(context.answers(), "another one is meant").toEqual([])
    expect(conversation.asked).toBe(false)
    const ticket = context.output.ticket<Conversation, QueryError>()
    introducer.ask("bob", undefined, ticket, 30)
    expect(context.answers()).toEqual([{ ticket, result: conversation }])
    expect(conversation.asked).toBe(true)
  })
})

describe("somebody who asks for us", () => {
  it("gets no consent of ours, and is told of once", () => {
    introducer.incoming(bob.offered(), 10)
    introducer.incoming(bob.offered(), 20)
    context.conversations.get(bob.peer)!.connected = true
    introducer.incoming(bob.offered(), 30)
    expect(context.events().slice(1), "asked again before any handshake is news").toEqual([
      { _tag: "Incoming", nick: "bob", fingerprint: bob.fingerprint, known: false }
    ])
    expect(context.conversations.get(bob.peer)).toMatchObject({ asked: false })
    expect(context.peers!.status(bob.peer)).toMatchObject({ consent: "invited" })
    expect(context.peers!.send(bob.peer, "hello", 30)).toMatchObject({ _tag: "NotConsented" })
    introducer.pinIfProven(context.conversations.get(bob.peer)!)
    expect(pinned(), "whom we did not ask for is not pinned").toBeUndefined()
  })
})

describe("a key that has changed", () => {
  const prove = (who: Somebody) => {
    const conversation = opened(who.offered())
    conversation.connected = true
    introducer.pinIfProven(conversation)
    return conversation
  }

  it("is refused whoever asked, until it is trusted; then what waits for the former one is dropped and told", () => {
    const former = prove(bob)
    context.peers!.send(bob.peer, "secret", 20)
    expect(answered(impostor.offered())).toMatchObject({ _tag: "Changed", error: { _tag: "KeyChanged" } })
    introducer.incoming(impostor.offered(), 30)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "KeyChanged", nick: "bob" })])
    expect(context.conversations.all()).toEqual([former])
    expect(introducer.trust("BOB", 40)).toBeUndefined()
    expect(pinned()).toBe(impostor.peer)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "Undelivered" })])
    expect(context.conversations.all()).toEqual([])
    expect(opened(impostor.offered()).peer).toBe(impostor.peer)
    expect(introducer.trust("bob", 50), "there is nothing more to trust").toMatchObject({ _tag: "NoSuchPeer" })
  })

  it("of whoever holds the nickname now is never given consent, in whatever order people come and go", () => {
    const people = [bob, impostor, new Somebody("bob", 5)]
    const who = fc.integer({ min: 0, max: people.length - 1 })
    const step = fc.tuple(fc.constantFrom("answer", "incoming", "connect", "leave"), who)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        begin()
        const asked = new Set<PeerId>()
        let pin: PeerId | undefined
        for (const [what, index] of steps) {
          const one = people[index]!
          const conversation = context.conversations.get(one.peer)
          if (what === "answer" && answered(one.offered())._tag === "Opened") asked.add(one.peer)
          if (what === "incoming") introducer.incoming(one.offered(), 10)
          if (what === "connect" && conversation !== undefined) {
            conversation.connected = true
            introducer.pinIfProven(conversation)
          }
          if (what === "leave" && conversation !== undefined) {
            introducer.close(conversation, 10)
            asked.delete(one.peer)
          }
          pin ??= pinned()
          expect(pinned(), "the first who has proven their key").toBe(pin)
          if (what === "answer" && pin !== undefined && pin !== one.peer)
            expect(context.conversations.get(one.peer)?.connected ?? false).toBe(conversation?.connected ?? false)
          for (const { peer } of people) {
            expect(context.conversations.get(peer)?.asked ?? false).toBe(asked.has(peer))
            const sent = context.peers!.send(peer, "text", 10)
            expect(typeof sent === "string", "text is taken for whom we asked for, and nobody else").toBe(
              asked.has(peer)
            )
          }
        }
      }),
      { numRuns: some(300) }
    )
  })
})

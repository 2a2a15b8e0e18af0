import * as fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import type { QueryError } from "../../../src/core/client/ClientError.js"
import type { Conversation } from "../../../src/core/client/Conversations.js"
import { GivenKeys } from "../../../src/core/client/GivenKeys.js"
import type { Introducer, QueryOutcome } from "../../../src/core/client/Introducer.js"
import type { OfferedIntroduction } from "../../../src/core/client/Introductions.js"
import { keyInfoOf } from "../../../src/core/client/KeyInfo.js"
import { People } from "../../../src/core/client/People.js"
import type { QueryPurpose } from "../../../src/core/client/Purpose.js"
import type { Sliced } from "../../../src/core/support/Slices.js"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import type { PeerId } from "../../../src/domain/PeerId.js"
import { some } from "../../support/Effort.js"
import { mostAtOnce, slicesOf, whole } from "../../support/slices.js"
import { Context, introducing, WALL } from "./Context.js"
import { Somebody } from "./Somebody.js"

const alice = new Somebody("alice", 1)
const bob = new Somebody("bob", 2)
const impostor = new Somebody("bob", 3)

let context: Context
let introducer: Introducer

const begin = () => {
  context = new Context()
  context.begin(alice.profile())
  introducer = introducing(context)
}

/** A query of ours is answered with this introduction. */
const answered = (
  introduction: OfferedIntroduction,
  wanted: Partial<QueryPurpose> = {},
  isWanted = true
): QueryOutcome => {
  const whom = { nick: introduction.nick, expect: undefined, expected: undefined, ...wanted }
  const purpose: QueryPurpose = { _tag: "Query", ticket: 1, conversation: undefined, ...whom }
  return introducer.handleAnswer(purpose, { _tag: "Introduced", introduction }, isWanted, 10)
}

const opened = (introduction: OfferedIntroduction): Conversation => {
  const outcome = answered(introduction)
  if (outcome._tag !== "Opened") throw new Error(`not opened: ${outcome.error.message}`)
  return outcome.conversation
}

const pinned = (nick = "bob") => context.own.profile!.contacts.owner(nick)?.identity

const keys = (...given: Parameters<typeof GivenKeys.make>) => {
  const made = GivenKeys.make(...given)
  if (!(made instanceof GivenKeys)) throw made
  return made
}

const tags = () => context.events().map((event) => (event._tag === "Failed" ? event.code : event._tag))

beforeEach(begin)

describe("a query that is answered", () => {
  it("opens a conversation with our consent, and gives the nickname to the key before anything leaves", () => {
    const conversation = opened(bob.offered())
    expect(conversation).toMatchObject({ nick: "bob", peer: bob.peer, asked: true, trying: true })
    expect(context.peers!.status(bob.peer)).toMatchObject({ consent: "inviting" })
    expect(pinned()).toBe(bob.peer)
    expect(context.wishes()).toEqual(["KeepProfile"])
    expect(answered(impostor.offered()), "though nobody has connected").toMatchObject({ _tag: "Changed" })
  })

  it("opens nothing for another key than the one expected, whatever is known, and sends nothing", () => {
    const wrong = answered(bob.offered(), { expect: impostor.fingerprint })
    expect(wrong).toMatchObject({ error: { _tag: "UnexpectedKey", expected: impostor.fingerprint } })
    expect([context.peers!.peers(), context.conversations.all(), pinned()]).toEqual([[], [], undefined])
    opened(bob.offered())
    expect(answered(impostor.offered(), { expect: impostor.fingerprint }), "a word is not a decision").toMatchObject({
      _tag: "Changed"
    })
    expect(answered(impostor.offered(), { expect: bob.fingerprint })).toMatchObject({
      error: { _tag: "UnexpectedKey" }
    })
  })

  it("opens nothing for somebody else than we asked for", () => {
    expect(answered(new Somebody("mallory", 9).offered(), { nick: "bob" })).toMatchObject({
      _tag: "Failed",
      error: { _tag: "Protocol" }
    })
    expect(answered(bob.offered(), { nick: `bob#${bob.fingerprint.slice(0, 5)}` })._tag, "as a list shows it").toBe(
      "Opened"
    )
  })

  it("opens nothing for whoever is not meant, is ourselves, or is not wanted any more", () => {
    expect(answered(bob.offered(), { expected: impostor.peer })).toMatchObject({
      _tag: "Failed",
      error: { _tag: "NoSuchPeer" }
    })
    expect(answered(alice.offered())).toMatchObject({ _tag: "Failed", error: { _tag: "Yourself" } })
    expect(answered(bob.offered(), { expected: bob.peer }, false)).toMatchObject({
      _tag: "Failed",
      error: { _tag: "NotConnected" }
    })
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
    introducer.ask("bob", {}, context.output.ticket(), 5)
    expect(context.sent("Query")).toEqual([expect.objectContaining({ nick: "bob" })])
    const conversation = opened(bob.offered())
    conversation.asked = false
    context.link.handleDisconnected("gone", 20)
    while (context.rendezvous.pollEvent(20) !== undefined);
    introducer.ask("bob", { expected: impostor.peer }, context.output.ticket(), 30)
    expect(context.answers(), "another one is meant").toEqual([])
    expect(conversation.asked).toBe(false)
    const ticket = context.output.ticket<Conversation, QueryError>()
    introducer.ask("bob", {}, ticket, 30)
    expect(context.answers()).toEqual([{ ticket, result: conversation }])
    expect(conversation).toMatchObject({ asked: true, held: undefined })
  })

  it("answers who has called us also when the server goes away before it says anything", () => {
    const unanswered = (wanted: Partial<QueryPurpose> = {}) =>
      introducer.handleAnswer(
        {
          _tag: "Query",
          nick: "bob",
          ticket: 1,
          expect: undefined,
          expected: undefined,
          conversation: undefined,
          ...wanted
        },
        { _tag: "Unanswered" },
        true,
        10
      )
    expect(unanswered(), "nobody has called").toMatchObject({ _tag: "Failed", error: { _tag: "ServerUnreachable" } })
    introducer.incoming(bob.offered(), 5)
    expect(unanswered({ expected: impostor.peer })).toMatchObject({ _tag: "Failed" })
    expect(unanswered({ expect: impostor.fingerprint })).toMatchObject({ error: { _tag: "UnexpectedKey" } })
    // Nobody waits for it: what takes conversations up again does that by itself.
    expect(unanswered({ ticket: undefined })).toMatchObject({ _tag: "Failed" })
    expect(context.conversations.get(bob.peer)?.asked).toBe(false)
    expect(unanswered()).toMatchObject({ _tag: "Opened", conversation: { nick: "bob", asked: true } })
    expect(pinned()).toBe(bob.peer)
  })
})

describe("somebody who asks for us", () => {
  it("gets no consent of ours, and is told of once as long as the call stands", () => {
    introducer.incoming(bob.offered(), 10)
    introducer.incoming(bob.offered(), 20)
    context.conversations.get(bob.peer)!.connected = true
    introducer.incoming(bob.offered(), 30)
    expect(context.events()).toEqual([
      {
        _tag: "Incoming",
        nick: "bob",
        fingerprint: bob.fingerprint,
        trust: "new",
        known: false,
        calls: 1,
        hidden: 0,
        answered: false
      }
    ])
    expect(context.conversations.get(bob.peer)).toMatchObject({ asked: false })
    expect(context.peers!.status(bob.peer)).toMatchObject({ consent: "invited" })
    expect(context.peers!.send(bob.peer, "hello", 30)).toMatchObject({ _tag: "NotConsented" })
    introducer.proven(context.conversations.get(bob.peer)!, 0)
    expect(pinned(), "whom we did not ask for is not known").toBeUndefined()
  })

  it("is told of again when the call has stood for five minutes, with how often they have called", () => {
    for (const now of [0, 1, 299_999]) introducer.incoming(bob.offered(), now)
    expect(tags()).toEqual(["Incoming"])
    introducer.incoming(bob.offered(), 300_000)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Incoming", calls: 3 })])
  })

  it("again and again is told of a few times, with how often it was; so are all strangers together", () => {
    for (let i = 0; i < 60; i++) {
      introducer.incoming(bob.offered(), 1_000 * i)
      // Hung up: the next call is another one.
      context.conversations.get(bob.peer)!.toldUntil = 0
    }
    const calls = context.events().flatMap((event) => (event._tag === "Incoming" ? [event.calls] : []))
    expect(calls).toEqual(Array.from({ length: 20 }, () => 1))
    introducer.incoming(bob.offered(), 60_000)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Incoming", calls: 41 })])

    for (let key = 10; key < 200; key++) introducer.incoming(new Somebody(`s${key}`, key).offered(), 400_000)
    expect(tags()).toHaveLength(32)
    for (let i = 0; i < 100; i++) introducer.incoming(bob.offered({ nick: `nc${i}`, record: undefined }), 400_001)
    expect(tags(), "those without a key count as well").toEqual([])
    const friend = new Somebody("carol", 4)
    context.own.profile!.contacts.meet({ ...friend, peer: friend.peer, fingerprint: friend.fingerprint, now: 1 })
    introducer.incoming(friend.offered(), 400_002)
    expect(context.events(), "whom we know is heard among them").toEqual([
      expect.objectContaining({ nick: "carol", hidden: 190 + 100 - 32 })
    ])
    introducer.incoming(new Somebody("late", 250).offered(), 410_100)
    expect(context.events()).toEqual([expect.objectContaining({ nick: "late", calls: 1, hidden: 0 })])
  })

  it("is heard only if known, where strangers are not wanted, and answered only with consent that was not taken back", () => {
    introducer = introducing(context, { acceptCalls: "known", answer: "known" })
    introducer.incoming(bob.offered(), 10)
    expect([tags(), context.peers!.peers()]).toEqual([[], []])
    const { contacts } = context.own.profile!
    contacts.meet({ peer: bob.peer, fingerprint: bob.fingerprint, nick: "bob", now: 5 })
    introducer.incoming(bob.offered(), 20)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Incoming", answered: false })])
    expect(context.conversations.get(bob.peer)?.asked).toBe(false)
    contacts.update(bob.peer, { consented: true })
    introducer.incoming(bob.offered(), 30)
    expect(context.conversations.get(bob.peer)?.asked, "the nickname is not theirs").toBe(false)
    contacts.name(bob.peer, "bob")
    introducer.incoming(bob.offered(), 40)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Incoming", known: true, answered: true })])
    expect(context.conversations.get(bob.peer)?.asked).toBe(true)
  })

  it("is heard and answered, whatever they call themselves, if the program says that it knows their key", () => {
    const given = keys([bob.fingerprint])
    introducer = introducing(context, { acceptCalls: "known", answer: "known", given })
    introducer.incoming(impostor.offered(), 10)
    expect([tags(), context.peers!.peers()]).toEqual([[], []])
    introducer.incoming(new Somebody("robert", 2).offered(), 20)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Incoming", nick: "robert", answered: true })])
    expect(context.conversations.get(bob.peer)?.asked).toBe(true)
  })

  it("under a nickname that another caller had takes it, and the conversation that had it ends", () => {
    introducer.incoming(bob.offered(), 10)
    introducer.incoming(impostor.offered(), 20)
    expect(tags()).toEqual(["Incoming", "Incoming"])
    expect(context.conversations.get(bob.peer)).toBeUndefined()
    expect(context.conversations.byNick("bob")?.peer).toBe(impostor.peer)
    const answer = answered(bob.offered())
    expect(answer, "our user answers the one whose key they saw").toMatchObject({
      _tag: "Changed",
      error: { change: { known: impostor.fingerprint, offered: bob.fingerprint } }
    })
  })
})

describe("a nickname that a key was pinned to before anybody was met", () => {
  it("is nobody else's, nor is one that looks like it, whether they call or are called", () => {
    introducer = introducing(context, { given: keys([], { Bob: bob.fingerprint }) })
    expect(answered(impostor.offered())).toMatchObject({
      error: { _tag: "UnexpectedKey", expected: bob.fingerprint, offered: impostor.fingerprint }
    })
    introducer.incoming(impostor.offered(), 20)
    introducer.incoming(new Somebody("b0b", 4).offered(), 30)
    expect(tags()).toEqual(["UnexpectedKey", "UnexpectedKey"])
    expect([context.peers!.peers(), context.conversations.all(), pinned()]).toEqual([[], [], undefined])
    introducer.incoming(new Somebody("carol", 5).offered(), 40)
    introducer.incoming(bob.offered(), 50)
    expect(tags()).toEqual(["Incoming", "Incoming"])
    expect(opened(bob.offered())).toMatchObject({ peer: bob.peer })
  })

  it("has to be one, and its key a whole fingerprint", () => {
    const message = (given: unknown) => (given as { readonly message: string }).message
    expect(message(GivenKeys.make([bob.fingerprint, "12345"]))).toMatch(/^known key 2: a whole fingerprint/)
    expect(message(GivenKeys.make([], { bob: "bob's" }))).toMatch(/^the key that is pinned to bob: a whole/)
    expect(message(GivenKeys.make([], { "b\nb": bob.fingerprint }))).toMatch(/^a key is pinned to what is no nickname/)
    expect(GivenKeys.make([bob.fingerprint.replaceAll(" ", "")])).toBeInstanceOf(GivenKeys)
  })
})

describe("a nickname that somebody was asked for under", () => {
  const mallory = new Somebody("mallory", 9)
  const as = (nick: string, who: Somebody) => {
    const disguised = new Somebody(nick, who === mallory ? 9 : 2)
    return disguised.offered()
  }

  it("leads to nobody else, by no later introduction of anybody", () => {
    opened(mallory.offered())
    introducer.incoming(bob.offered(), 10)
    opened(bob.offered())
    context.events()
    introducer.incoming(as("bob", mallory), 20)
    expect(context.events()).toEqual([
      expect.objectContaining({
        code: "KeyChanged",
        change: { known: bob.fingerprint, offered: mallory.fingerprint, verified: false }
      })
    ])
    expect(answered(as("BOB", mallory), { nick: "BOB" })).toMatchObject({ _tag: "Changed" })
    expect(context.conversations.byNick("bob")?.peer).toBe(bob.peer)
    expect(context.conversations.byNick("mallory")?.peer).toBe(mallory.peer)
  })

  it("stays with its key also when two change nicknames with each other", () => {
    opened(mallory.offered())
    opened(bob.offered())
    context.events()
    introducer.incoming(as("bob", mallory), 20)
    introducer.incoming(as("mallory", bob), 30)
    expect(tags()).toEqual(["KeyChanged", "KeyChanged"])
    expect(context.conversations.byNick("bob")?.peer).toBe(bob.peer)
    expect(context.conversations.byNick("mallory")?.peer).toBe(mallory.peer)
  })

  it("is what a conversation is called as long as it lives; another name is told, and leads nowhere unasked", () => {
    const conversation = opened(mallory.offered())
    introducer.incoming(as("dave", mallory), 20)
    expect(context.events()).toEqual([
      { _tag: "Renamed", from: "mallory", to: "dave", fingerprint: mallory.fingerprint }
    ])
    expect(conversation).toMatchObject({ nick: "mallory", called: "dave" })
    expect(context.conversations.byNick("dave")).toBeUndefined()
    expect(pinned("dave")).toBeUndefined()
    expect(opened(as("dave", mallory)), "asked for so").toBe(conversation)
    expect(conversation.nick).toBe("dave")
    expect(context.conversations.byNick("mallory")).toBe(conversation)
    expect(context.own.profile!.contacts.get(mallory.peer)?.names).toEqual(["dave", "mallory"])
  })

  it("is not to be imitated by one that looks the same", () => {
    opened(new Somebody("alice2", 2).offered())
    expect(answered(new Somebody("aIice2", 3).offered())).toMatchObject({
      _tag: "Changed",
      error: { _tag: "KeyChanged" }
    })
    expect(introducer.trust("aIice2", impostor.fingerprint, 20)).toBeUndefined()
    expect(opened(new Somebody("aIice2", 3).offered()).peer).toBe(impostor.peer)
    expect(pinned("alice2")).toBe(bob.peer)
  })

  it("is not given back to a key that has left it, by an older record", () => {
    const record = (nick: string, sequence: number) =>
      Base64Url.encode(new Somebody(nick, 2).record(undefined, sequence))
    opened(bob.offered({ record: record("bob", 5) }))
    introducer.incoming(bob.offered({ nick: "robert", record: record("robert", 7) }), 10)
    expect(tags()).toEqual(["Renamed"])
    expect(answered(bob.offered({ record: record("bob", 6) }))).toMatchObject({ error: { _tag: "NoKey" } })
    introducer.incoming(bob.offered({ record: record("bob", 6) }), 20)
    expect(tags()).toEqual(["NoKey"])
    expect(context.conversations.get(bob.peer)?.called).toBe("robert")
    expect(answered(bob.offered({ record: record("bob", 8) }))._tag, "they are called so again").toBe("Opened")
  })

  it("of somebody verified is stopped by nobody who only looks like it", () => {
    opened(new Somebody("alice2", 2).offered())
    context.own.profile!.contacts.update(bob.peer, { verifiedAt: 5 })
    introducer.incoming(new Somebody("aIice2", 3).offered(), 20)
    expect(context.events()).toEqual([expect.objectContaining({ code: "KeyChanged" })])
    expect(introducer.dispute(bob.peer, "alice2")).toBeUndefined()
  })

  it("is marked on the list, where the server claims what we know better", () => {
    // A man on the way to the server lets the list pass, and answers queries with his own record.
    const people = new People(context, introducer, () => {})
    const claimed = { nick: "bob", address: "192.0.2.1:1", fingerprint: bob.fingerprint }
    expect(people.mark(claimed)).toEqual(claimed)
    introducer.incoming(impostor.offered(), 10)
    expect(people.mark(claimed), "a call").toEqual({ ...claimed, differsFrom: impostor.fingerprint })
    expect(opened(impostor.offered()).fingerprint).toBe(impostor.fingerprint)
    expect(people.mark(claimed)).toEqual({ ...claimed, differsFrom: impostor.fingerprint })
    expect(people.mark({ ...claimed, nick: "eve", fingerprint: impostor.fingerprint })).toMatchObject({
      knownAs: "bob"
    })
    expect(people.mark({ ...claimed, fingerprint: impostor.fingerprint })).not.toHaveProperty("differsFrom")
  })

  it("is marked, and told of whom we know, in slices of a list of thousands", () => {
    const people = new People(context, introducer, () => {})
    const all = Array.from({ length: 5_000 }, (_, at) => ({ nick: `nick${at}`, address: "", fingerprint: `${at}` }))
    expect(mostAtOnce(all, "nick", (watched) => people.marked(watched))).toBeLessThan(300)
    expect(whole(people.marked(all))).toEqual(all)
    const { contacts } = context.own.profile!
    for (let at = 0; at < 5_000; at++) {
      const other = new Somebody(`nick${at}`, 3)
      contacts.meet({ ...other, peer: `peer${at}` as PeerId, fingerprint: other.fingerprint, now: 1 })
    }
    const described = people.all() as Sliced<ReadonlyArray<{ readonly nick: string }>>
    expect(slicesOf(people.all() as Sliced<unknown>)).toBeGreaterThan(20)
    const keys = whole(described).map(({ nick }) => Nickname.key(nick))
    expect(keys).toEqual(keys.toSorted())
    expect(keys.length).toBe(contacts.all().length)
  })

  it("is known of its owner under another one", () => {
    opened(bob.offered())
    context.own.profile!.contacts.update(bob.peer, { lastTalked: 5 })
    introducer.close(context.conversations.get(bob.peer)!, 10)
    introducer.incoming(new Somebody("robert", 2).offered(), 20)
    expect(context.events()).toEqual([
      expect.objectContaining({ _tag: "Incoming", nick: "robert", trust: "known", knownAs: "bob", known: false })
    ])
  })
})

describe("a key that has changed", () => {
  const prove = (who: Somebody) => {
    const conversation = opened(who.offered())
    conversation.connected = true
    introducer.proven(conversation, 0)
    return conversation
  }

  it("is no choice of our user's any more when they choose another one", () => {
    prove(bob)
    const chosenAt = (who: Somebody) => context.own.profile!.contacts.get(who.peer)?.chosenAt
    const choose = (who: Somebody, now: number) => {
      expect(answered(who.offered())).toMatchObject({ _tag: "Changed" })
      expect(introducer.trust("bob", who.fingerprint.slice(0, 5), now)).toBeUndefined()
      expect(chosenAt(who)).toBe(context.clock.at(now))
    }
    choose(impostor, 40)
    prove(impostor)
    choose(bob, 50)
    expect(chosenAt(impostor)).toBeUndefined()
  })

  it("is refused whoever asked, until it is trusted; then what waits for the former one is dropped and told", () => {
    const former = prove(bob)
    context.peers!.send(bob.peer, "secret", 20)
    expect(answered(impostor.offered())).toMatchObject({ _tag: "Changed", error: { _tag: "KeyChanged" } })
    introducer.incoming(impostor.offered(), 30)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "KeyChanged", nick: "bob" })])
    expect(context.conversations.all()).toEqual([former])
    expect(introducer.trust("BOB", impostor.fingerprint.slice(0, 5), 40)).toBeUndefined()
    expect(pinned()).toBe(impostor.peer)
    expect(context.events()).toEqual([expect.objectContaining({ _tag: "Failed", code: "Undelivered" })])
    expect(context.conversations.all()).toEqual([])
    const taken = opened(impostor.offered())
    expect(taken.peer).toBe(impostor.peer)
    expect(keyInfoOf(context.own.profile?.contacts, taken), "nobody has talked to it, but it was chosen").toMatchObject(
      {
        trust: "new",
        chosenAt: context.clock.at(40)
      }
    )
    expect(introducer.trust("bob", bob.fingerprint, 50), "there is nothing more to trust").toMatchObject({
      _tag: "NoSuchPeer"
    })
  })

  it("is trusted by its digits: the one that was shown, and no other that came after it", () => {
    const stranger = new Somebody("bob", 5)
    prove(bob)
    introducer.incoming(impostor.offered(), 20)
    introducer.incoming(stranger.offered(), 30)
    const trust = (digits: string) => introducer.trust("bob", digits, 40)?._tag
    expect(trust("")).toBe("NoSuchKey")
    expect(trust(impostor.fingerprint.slice(0, 4))).toBe("NoSuchKey")
    expect(trust("00000")).toBe("NoSuchKey")
    expect(trust("bob")).toBe("NoSuchKey")
    expect(pinned()).toBe(bob.peer)
    expect(trust(impostor.fingerprint.slice(0, 11))).toBeUndefined()
    expect(pinned()).toBe(impostor.peer)
    expect(answered(stranger.offered()), "the other one was not trusted").toMatchObject({ _tag: "Changed" })
  })

  it("is trusted by all its digits alone, once so many were shown that some are forgotten", () => {
    prove(bob)
    const strangers = Array.from({ length: 9 }, (_, i) => new Somebody("bob", 10 + i))
    for (const stranger of strangers) answered(stranger.offered())
    const last = strangers[8]!
    expect(introducer.trust("bob", strangers[0]!.fingerprint, 20)?._tag, "it was forgotten").toBe("NoSuchKey")
    expect(introducer.trust("bob", last.fingerprint.slice(0, 5), 20)?._tag).toBe("NoSuchKey")
    expect(introducer.trust("bob", last.fingerprint, 20)).toBeUndefined()
    expect(pinned()).toBe(last.peer)
  })

  it("of somebody who was verified stops everything to both, until it is decided, for either", () => {
    const keep = () => introducer.trust("bob", bob.fingerprint.slice(0, 5), 40)
    const conversation = prove(bob)
    context.own.profile!.contacts.update(bob.peer, { verifiedAt: 5 })
    expect(keep()?._tag, "nothing to decide").toBe("NoSuchPeer")
    context.peers!.send(bob.peer, "later", 20)
    introducer.incoming(impostor.offered(), 20)
    expect(introducer.dispute(bob.peer, "bob")).toMatchObject({
      change: { known: bob.fingerprint, offered: impostor.fingerprint, verified: true }
    })
    expect(conversation.held).toMatchObject({ _tag: "KeyChanged" })
    expect(answered(bob.offered()), "the server says it is bob").toMatchObject({ error: { _tag: "KeyChanged" } })
    expect(answered(impostor.offered())).toMatchObject({ error: { _tag: "KeyChanged" } })
    context.events()
    introducer.incoming(bob.offered(), 30)
    expect(tags()).toEqual([])
    expect(context.peers!.status(bob.peer)?.consent).not.toBe("inviting")
    expect(keep()).toBeUndefined()
    expect(introducer.dispute(bob.peer, "bob")).toBeUndefined()
    expect(context.peers!.status(bob.peer)).toMatchObject({ consent: "inviting", undelivered: 1 })
    expect(conversation.asked).toBe(true)
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
            introducer.proven(conversation, 0)
          }
          if (what === "leave" && conversation !== undefined) {
            introducer.close(conversation, 10)
            asked.delete(one.peer)
          }
          pin ??= pinned()
          expect(pinned(), "the first whom we asked for").toBe(pin)
          expect(context.conversations.all().filter(({ nick }) => nick === "bob").length).toBeLessThanOrEqual(1)
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

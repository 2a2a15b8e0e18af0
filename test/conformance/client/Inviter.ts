import { randomBytes } from "node:crypto"
import * as Handshake from "../../../src/core/peer/handshake/Handshake.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Wire from "../../../src/protocol/Handshake.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { equal, must, there } from "../Check.js"
import { type Person, person } from "../Person.js"
import { type ClientCheck, own, shared } from "./Context.js"
import { ForeignPeer } from "./ForeignPeer.js"
import type { Link } from "./Link.js"
import type { Running } from "./Running.js"

/** With a peer whom the client has just been told to ask for; gives the answer to the command as well. */
export const asked = (
  run: (peer: ForeignPeer, running: Running) => Promise<void>,
  {
    introduce = (peer) => peer.introduction(),
    who = person(),
    on = shared
  }: {
    readonly introduce?: (peer: ForeignPeer) => Record<string, unknown>
    readonly who?: Person
    readonly on?: typeof shared
  } = {}
) =>
  on(async (running) => {
    const peer = await ForeignPeer.meet(running, who)
    running.host.people.set(peer.who.nick, () => introduce(peer))
    running.say({ cmd: "query", nick: peer.who.nick, ref: peer.who.nick })
    await run(peer, running).finally(() => peer.close())
  })

/** With a peer that the client has asked for and that has asked for the client: it has answered the client's HS1. */
export const mutual = (
  run: (link: Link, peer: ForeignPeer, running: Running) => Promise<void>,
  on: typeof shared = shared
) =>
  asked(
    async (peer, running) => {
      const { link } = peer.answer(await peer.hs1())
      await running.next("mutual", (event) => event.peer === peer.who.nick)
      await run(link, peer, running)
    },
    { on }
  )

/** The introduction is refused aloud, and nothing goes to the peer. */
const refused = (
  says: string,
  rule: string,
  introduce: (peer: ForeignPeer) => Record<string, unknown>
): ClientCheck => ({
  rule,
  says: `refuses an introduction ${says}`,
  also: ["1.5-19"],
  words: true,
  run: (subject) =>
    asked(
      async (peer, running) => {
        const answer = await running.events.take(({ ref }) => ref === peer.who.nick, "answer to query")
        equal(answer.event, "error", "the answer to query")
        await peer.udp.inbox.none(() => true, "something was sent to the peer")
      },
      { introduce, who: person() }
    )(subject)
})

const recordOf = (who: Person, more: Partial<PeerRecord.PeerRecord>): string =>
  Bytes.toBase64Url(PeerRecord.sign(crypto, who.signKeys.secretKey, { ...PeerRecord.decode(who.record)!, ...more })!)

const changed = ({ who }: ForeignPeer): string => {
  const bytes = who.record.slice()
  bytes[bytes.length - 1]! ^= 1
  return Bytes.toBase64Url(bytes)
}

/** What a client does that asks for somebody. */
export const asInviter: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.2-13",
    says: "sends HS1 to the candidates, and the same bytes again while there is no answer",
    also: ["3.1-2"],
    words: true,
    run: (subject) =>
      asked(async (peer) => {
        const first = await peer.hs1()
        for (let i = 0; i < 2; i++) must(Bytes.equal(await peer.hs1(), first), "another HS1 came within 3 s")
      })(subject)
  },
  {
    rule: "3.2-9",
    says: "says that it has asked, and speaks first on the new keys",
    words: true,
    run: (subject) =>
      asked(async (peer) => {
        const { link, payload } = peer.answer(await peer.hs1(), { consent: false })
        equal(payload.consent, true, "the flag")
        await link.inbox.take()
      })(subject)
  },
  {
    rule: "3.5-15",
    says: "tells the limit of the conversation aloud, since it has asked",
    also: ["3.2-26"],
    words: true,
    run: (subject) =>
      asked(async (peer) => {
        const { link } = peer.answer(await peer.hs1(), { consent: false })
        equal(await link.next("MaxData"), { _tag: "MaxData", stream: 0, limit: 262_144 }, "the first MAX_DATA")
      })(subject)
  },
  {
    rule: "3.2-23",
    says: "shows the cookie of a RETRY with the same HS1",
    also: ["3.2-21"],
    words: true,
    run: (subject) =>
      asked(async (peer, { host }) => {
        const hs1 = await peer.hs1()
        const cookie = randomBytes(16)
        const { staticKey } = there(PeerRecord.decode(host.record), "the record of the client is malformed")
        const terms = { crypto, pairKey: peer.pairKey, hs1, receiverStatic: staticKey }
        peer.transmit(Handshake.retry(terms, cookie, randomBytes(16)))
        const { data } = await peer.udp.inbox.take((one) => one.data[0] === 8, "HS1 with a cookie")
        const shown = there(Wire.unwrap(data), "it is malformed")
        must(Bytes.equal(shown.hs1, hs1), "it has another HS1")
        must(Bytes.equal(shown.mac2, Handshake.mac2(crypto, cookie, hs1)), "mac2 is wrong")
      })(subject)
  },
  {
    rule: "3.5-5",
    says: "sends texts in order, pads them, and calls them delivered when they are, not before",
    also: ["3.3-5", "3.5-2"],
    words: true,
    run: (subject) =>
      asked(async (peer, running) => {
        const { link } = peer.answer(await peer.hs1())
        const to = peer.who.nick
        await running.next("connected", (event) => event.peer === to)
        for (const text of ["first", "second"]) running.say({ cmd: "send", to, text })
        const next = () => link.records.take(({ _tag }) => _tag === "Text", "TEXT")
        const texts = [await next(), await next()]
        equal(
          texts.map((one) => one._tag === "Text" && Bytes.toText(one.text)),
          ["first", "second"],
          "the texts"
        )
        equal(
          texts.map((one) => one._tag === "Text" && one.sequence),
          [0, 1],
          "their sequences"
        )
        await running.events.none(
          (event) => event.event === "delivered" && event.peer === to,
          "it was not confirmed, but"
        )
        for (const one of texts) if (one._tag === "Text") link.sendMark("delivered", one.id)
        for (const _ of texts) await running.next("delivered", (event) => event.peer === to)
        const packet = await link.inbox.take(({ frames }) => frames.some(({ _tag }) => _tag === "Stream"))
        equal((packet.size - 13) % 64, 0, "what the sealed part of a packet with text is beyond a multiple of 64")
      })(subject)
  },
  {
    rule: "3.5-11",
    says: "holds what is beyond the credit until it is asked back",
    words: true,
    run: (subject) =>
      asked(async (peer, running) => {
        const { link } = peer.answer(await peer.hs1(), { consent: false, creditMessages: 2 })
        const to = peer.who.nick
        await running.next("connected", (event) => event.peer === to)
        for (const text of ["one", "two", "three"]) running.say({ cmd: "send", to, text })
        for (let i = 0; i < 2; i++) await link.records.take(({ _tag }) => _tag === "Text", "TEXT")
        await link.records.none(({ _tag }) => _tag === "Text", "more than the credit came")
        await running.next("waiting", (event) => event.peer === to)
        link.send({ _tag: "Consent" }, { _tag: "MaxData", stream: 0, limit: 262_144 })
        await link.records.take(({ _tag }) => _tag === "Text", "TEXT after CONSENT")
      })(subject)
  },
  {
    rule: "3.1-2",
    says: "sends HS1 over the relay where there is one, and tells its own addresses in it alone",
    also: ["1.2-19", "2.2-2", "3.4-8"],
    words: true,
    run: own(
      async (running) => {
        const peer = await ForeignPeer.meet(running)
        const relay = { token: Bytes.toBase64Url(randomBytes(8)) }
        running.host.people.set(peer.who.nick, () => peer.introduction({ address: "", candidates: [], relay }))
        running.say({ cmd: "query", nick: peer.who.nick })
        const { channel, packet } = await running.host.next("Relay")
        equal(channel, Bytes.toBase64Url(peer.channel), "the channel")
        const hs1 = there(Bytes.fromBase64Url(String(packet)), "the packet is not base64url")
        const { payload } = peer.answer(hs1, {}, (answer) =>
          running.host.say({ _tag: "Relay", channel, packet: Bytes.toBase64Url(answer) })
        )
        must(payload.candidates.length > 0, "it tells no addresses in the handshake")
        await running.next("connected")
        peer.close()
      },
      (host) => {
        host.greeting.relay = true
      }
    )
  },
  {
    rule: "1.2-21",
    says: "tells its addresses to somebody it asked for who registers theirs",
    words: true,
    run: own(
      async (running) => {
        const peer = await ForeignPeer.meet(running)
        const relay = { token: Bytes.toBase64Url(randomBytes(8)) }
        running.host.people.set(peer.who.nick, () => peer.introduction({ relay }))
        running.say({ cmd: "query", nick: peer.who.nick })
        const { channel, endpoints } = await running.host.next("Tell").finally(() => peer.close())
        equal(channel, Bytes.toBase64Url(peer.channel), "the channel")
        must((endpoints as ReadonlyArray<string>).length > 0, "it tells none")
      },
      (host) => {
        host.greeting.relay = true
      }
    )
  },
  {
    rule: "1.1-9",
    says: "takes a message with an id and words that it does not know for a refusal",
    words: true,
    run: shared(async (running) => {
      running.host.people.set("greased", () => ({ _tag: "Frobnicated", message: "not today" }))
      equal((await running.ask({ cmd: "query", nick: "greased" })).event, "error", "the answer")
    })
  },
  refused("of somebody else than it asked for", "1.5-16", (peer) => {
    const other = person()
    return peer.introduction({ nick: other.nick, record: Bytes.toBase64Url(other.record) })
  }),
  refused("whose record is signed by nobody", "1.5-15", (peer) => peer.introduction({ record: changed(peer) })),
  refused("whose record has expired", "1.5-15", (peer) =>
    peer.introduction({ record: recordOf(peer.who, { expiry: Date.now() - 3_600_000 }) })
  ),
  {
    rule: "1.5-20",
    says: "refuses another key under a nickname that it has asked for, and sends nothing to it",
    words: true,
    run: (subject) =>
      asked(
        async (peer, running) => {
          peer.answer(await peer.hs1())
          await running.next("connected", (event) => event.peer === peer.who.nick)
          const impostor = await ForeignPeer.meet(running, person(peer.who.nick))
          running.host.people.set(peer.who.nick, () => impostor.introduction())
          running.host.say({ _tag: "Incoming", ...impostor.introduction() })
          await running.next("error", (event) => event.code === "KeyChanged")
          await impostor.udp.inbox.none(() => true, "something was sent to it").finally(() => impostor.close())
          // Of its own: a client need not tell of everybody who calls when many do.
        },
        { on: own }
      )(subject)
  }
]

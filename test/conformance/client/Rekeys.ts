import { randomBytes } from "node:crypto"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Wire from "../../../src/protocol/Handshake.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { equal, must, there } from "../Check.js"
import { type Person, person } from "../Person.js"
import { type ClientCheck, shared } from "./Context.js"
import { ForeignPeer } from "./ForeignPeer.js"
import { alive } from "./Invited.js"
import { mutual } from "./Inviter.js"
import type { Link } from "./Link.js"

/** With a connection that we began. */
const connected = (run: (link: Link, peer: ForeignPeer) => Promise<void>) =>
  shared(async (running) => {
    const peer = await ForeignPeer.meet(running)
    await peer
      .connect()
      .then((link) => run(link, peer))
      .finally(() => peer.close())
  })

/** Somebody whose static key is lower than the client's, or not. */
const somebody = (record: Uint8Array, isLower: boolean): Person => {
  const { staticKey } = there(PeerRecord.decode(record), "the record of the client is malformed")
  for (;;) {
    const who = person()
    if (Bytes.compare(who.staticKeys.publicKey, staticKey) < 0 === isLower) return who
  }
}

const isHs2 = ({ data }: { readonly data: Uint8Array }) => Wire.peek(data)?.type === Wire.HS2

/** Both ask for each other at the same moment; `isLower` says whose handshake it is. */
const crossing = (isLower: boolean) =>
  shared(async (running) => {
    const peer = await ForeignPeer.meet(running, somebody(running.host.record, isLower))
    try {
      running.host.people.set(peer.who.nick, () => peer.introduction())
      running.say({ cmd: "query", nick: peer.who.nick })
      const hs1 = await peer.hs1()
      if (isLower) return void (await peer.shake())
      peer.transmit(peer.initiate().packet)
      // It sends its own again, so it has had the time to answer.
      await peer.hs1()
      await peer.udp.inbox.none(isHs2, "it answered")
      await alive(peer.answer(hs1).link)
    } finally {
      peer.close()
    }
  })

/** Handshakes on a connection that is there. */
export const rekeys: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.2-6",
    says: "takes a handshake that names both ends for new keys of the same connection, on which everything runs on",
    also: ["3.2-7", "3.3-2"],
    run: connected(async (link, peer) => {
      const first = link.sendText(randomBytes(16), "before", 0)
      await link.records.take((record) => record._tag === "Delivered" && record.id === first, "DELIVERED")
      const before = (await link.inbox.take(({ frames }) => frames.some(({ _tag }) => _tag === "Stream"))).counter
      const next = await peer.rekey(link)
      const second = next.sendText(randomBytes(16), "after", 1)
      await next.records.take((record) => record._tag === "Delivered" && record.id === second, "DELIVERED")
      const { counter } = await next.inbox.take()
      must(counter > before, `its counters fell from ${before} to ${counter}`)
    })
  },
  {
    rule: "3.2-29",
    says: "opens what still comes under the keys before",
    run: connected(async (link, peer) => {
      const next = await peer.rekey(link)
      await alive(next)
      const token = randomBytes(8)
      link.send({ _tag: "Ping", token })
      await next.inbox.take(
        ({ frames }) => frames.some((frame) => frame._tag === "Pong" && Bytes.equal(frame.token, token)),
        "PONG to a PING under the keys before"
      )
    })
  },
  {
    rule: "3.2-6",
    says: "begins a new connection with a handshake that names none",
    run: connected(async (link, peer) => {
      const id = randomBytes(16)
      const first = link.sendText(id, "before", 0)
      await link.records.take((record) => record._tag === "Delivered" && record.id === first, "DELIVERED")
      const next = await peer.again(link)
      // Stream 0 begins at 0, and what was shown is confirmed and not shown again.
      next.sendText(id, "before", 0)
      await next.records.take((record) => record._tag === "Delivered" && record.id === first, "DELIVERED")
    })
  },
  {
    rule: "3.7-2",
    says: "says again on the next connection what was not confirmed, under the same id",
    also: ["3.5-5"],
    words: true,
    run: mutual(async (link, peer, running) => {
      link.answers = false
      const { id } = await running.ask({ cmd: "send", to: peer.who.nick, text: "still there?" })
      const first = await link.records.take(({ _tag }) => _tag === "Text", "TEXT")
      const next = await peer.again(link)
      const again = await next.records.take(({ _tag }) => _tag === "Text", "TEXT on the next connection")
      equal(
        [first, again].map((one) => one._tag === "Text" && one.id),
        [id, id],
        "the ids"
      )
    })
  },
  {
    rule: "3.2-27",
    says: "keeps the keys that are in use until a packet comes on the new ones",
    run: connected(async (link, peer) => {
      await peer.shake(peer.initiate({ connection: randomBytes(8) }))
      await alive(link)
    }),
    also: ["3.2-26"]
  },
  {
    rule: "3.2-16",
    says: "answers a handshake that crosses its own when its static key is the higher one",
    words: true,
    run: crossing(true)
  },
  {
    rule: "3.2-16",
    says: "goes on with its own handshake when its static key is the lower one",
    words: true,
    run: crossing(false)
  },
  {
    rule: "3.2-28",
    says: "makes new keys after 120 s when it has begun the handshake (150 s in silence)",
    words: true,
    isSlow: true,
    run: mutual(async (_, peer) => {
      peer.answer(await peer.hs1(160_000))
    })
  },
  {
    rule: "3.4-7",
    says: "tells its user when a peer is gone that leaves a question unanswered for 15 s",
    words: true,
    isSlow: true,
    run: mutual(async (link, peer, running) => {
      link.answers = false
      running.say({ cmd: "send", to: peer.who.nick, text: "are you there?" })
      await running.next("disconnected", (event) => event.peer === peer.who.nick, 60_000)
    })
  }
]

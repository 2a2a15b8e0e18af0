import { randomBytes } from "node:crypto"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as ChatRecord from "../../../src/protocol/ChatRecord.js"
import type { Frame } from "../../../src/protocol/Frame.js"
import * as Wire from "../../../src/protocol/Handshake.js"
import { equal, must, pause } from "../Check.js"
import type { Datagram } from "../server/Udp.js"
import { type ClientCheck, own, shared } from "./Context.js"
import { ForeignPeer } from "./ForeignPeer.js"
import { type Link, recordOf } from "./Link.js"
import type { Running } from "./Running.js"

/** With a peer of its own, who has not been asked for. */
const invited = (run: (peer: ForeignPeer, running: Running) => Promise<void>) =>
  shared(async (running) => {
    const peer = await ForeignPeer.meet(running)
    await run(peer, running).finally(() => peer.close())
  })

const connected = (run: (link: Link, peer: ForeignPeer, running: Running) => Promise<void>) =>
  invited(async (peer, running) => {
    await run(await peer.connect(), peer, running)
  })

const isHs2 = ({ data }: { readonly data: Uint8Array }) => Wire.peek(data)?.type === Wire.HS2

/** These frames end the connection with BYE 1. */
const violation = (says: string, rule: string, frames: ReadonlyArray<Frame>): ClientCheck => ({
  rule,
  says: `ends a connection for ${says}`,
  run: connected(async (link) => {
    link.send(...frames)
    equal((await link.next("Bye")).code, 1, "the code of BYE")
  })
})

/** These frames are nothing to it: it goes on. */
const harmless = (says: string, rule: string, frames: ReadonlyArray<Frame>): ClientCheck => ({
  rule,
  says: `goes on after ${says}`,
  run: connected(async (link) => {
    link.send(...frames)
    await alive(link)
  })
})

export const alive = async (link: Link): Promise<void> => {
  const token = randomBytes(8)
  link.send({ _tag: "Ping", token })
  await link.inbox.take(
    ({ frames }) => frames.some((frame) => frame._tag === "Pong" && Bytes.equal(frame.token, token)),
    "PONG afterwards"
  )
}

const chat = (bytes: Uint8Array, offset = 0): Frame => ({ _tag: "Stream", stream: 0, offset, data: bytes })
const text = (bytes: Uint8Array) => recordOf((writer) => ChatRecord.writeText(writer, ID, 0, bytes), bytes.length + 64)
const ID = "000102030405060708090a0b0c0d0e0f" as MessageId

const handshakes: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.1-3",
    says: "opens the way for somebody who asks for it",
    run: invited((peer) => peer.call())
  },
  {
    rule: "3.2-1",
    says: "answers a handshake with its record, no consent, and the credit of somebody who has not asked",
    also: ["3-2", "3.2-3", "3.2-10"],
    run: invited(async (peer, { host }) => {
      await peer.call()
      const { remotePayload } = await peer.shake()
      const { consent, creditBytes, creditMessages, record } = remotePayload
      must(Bytes.equal(record, host.record), "its record is another one than the server's")
      equal([consent, creditMessages, creditBytes], [false, 16, 32_768], "consent and credit")
    })
  },
  {
    rule: "3.2-2",
    says: "does not answer when mac1 is wrong",
    run: invited(async (peer) => {
      await peer.call()
      const packet = peer.initiate().packet.slice()
      packet[packet.length - 1]! ^= 1
      peer.transmit(packet)
      await peer.udp.inbox.none(isHs2, "it answered")
    })
  },
  {
    rule: "3.2-4",
    says: "ignores extensions, flags and features that it does not know",
    also: ["5-3", "5-5", "5-7"],
    run: invited(async (peer) => {
      await peer.call()
      const payload = Wire.encodePayload(peer.payload({ features: 0x80_80_00_00 }))!
      payload[20]! |= 0xfe
      peer.transmit(peer.initiatePlain(Bytes.concat([payload, Uint8Array.of(58, 2, 1, 2)])))
      await peer.udp.inbox.take(isHs2, "HS2")
    })
  },
  {
    rule: "3.2-4",
    says: "drops payloads that are cut, have two records or none, or nine candidates",
    run: invited(async (peer) => {
      await peer.call()
      const good = () => Wire.encodePayload(peer.payload())!
      const record = () => good().subarray(FIXED)
      const candidate = Uint8Array.of(2, 6, 192, 0, 2, 1, 1, 1)
      for (const payload of [
        good().subarray(0, -1),
        good().subarray(0, FIXED),
        Bytes.concat([good(), record()]),
        Bytes.concat([good(), ...Array.from({ length: 9 }, () => candidate)]),
        Bytes.concat([good(), Uint8Array.of(2, 5, 192, 0, 2, 1, 1)])
      ])
        peer.transmit(peer.initiatePlain(payload))
      await peer.udp.inbox.none(isHs2, "it answered")
    })
  },
  {
    rule: "3.2-5",
    says: "answers the same HS1 with the same HS2, and none that is older",
    run: invited(async (peer) => {
      await peer.call()
      const older = peer.initiate()
      const newer = peer.initiate()
      const { hs2 } = await peer.shake(newer)
      await pause(100)
      peer.transmit(newer.packet)
      const again = await peer.udp.inbox.take(isHs2, "HS2 for the same HS1")
      must(Bytes.equal(again.data, hs2), "it answered the same HS1 otherwise")
      peer.transmit(older.packet)
      // What was sent twice because an answer took its time may be answered twice.
      const isOther = (one: Datagram) => isHs2(one) && !Bytes.equal(one.data, hs2)
      await peer.udp.inbox.none(isOther, "it answered an older HS1")
    })
  },
  {
    rule: "3.2-26",
    says: "says nothing on new keys before the first packet on them",
    run: invited(async (peer) => {
      await peer.call()
      const initiation = peer.initiate()
      const link = peer.link(await peer.shake(initiation), initiation.index)
      await link.inbox.none(() => true, "it spoke first")
      await alive(link)
    })
  },
  {
    rule: "3.2-11",
    says: "takes nobody whose record is another one than the introduction's",
    run: invited(async (peer, running) => {
      await peer.call()
      const other = await ForeignPeer.meet(running)
      other.close()
      peer.transmit(peer.initiate({ record: other.who.record }).packet)
      await peer.udp.inbox.none(isHs2, "it answered")
    })
  }
]

const packets: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.4-3",
    says: "answers PING with its token",
    also: ["3.3-1"],
    run: connected(alive)
  },
  {
    rule: "3.3-4",
    says: "takes a packet once, and none that was changed",
    run: connected(async (link, peer) => {
      const token = randomBytes(8)
      link.answers = false
      const packet = link.send({ _tag: "Ping", token }, { _tag: "Consent" })
      await link.next("Pong")
      peer.transmit(packet)
      const changed = packet.slice()
      changed[20]! ^= 1
      peer.transmit(changed)
      await link.inbox.none(
        ({ frames }) => frames.some((frame) => frame._tag === "Pong" && Bytes.equal(frame.token, token)),
        "it answered again"
      )
    })
  },
  {
    rule: "3.3-7",
    says: "acknowledges within 25 ms, two packets at once",
    run: connected(async (link) => {
      let best = Number.POSITIVE_INFINITY
      // The machine may be busy with something else: one time is enough.
      for (let i = 0; i < TRIES && best > ACK_PATIENCE; i++) {
        const began = performance.now()
        for (let packet = 0; packet < 2; packet++) link.send({ _tag: "Consent" })
        await link.next("Ack")
        best = Math.min(best, performance.now() - began)
      }
      must(best <= ACK_PATIENCE, `the fastest of ${TRIES} took ${Math.round(best)} ms`)
    })
  },
  {
    rule: "3.3-6",
    says: "ends a connection for a frame that it does not know",
    run: connected(async (link) => {
      link.sendPlain(Uint8Array.of(200, 1, 2, 3))
      equal((await link.next("Bye")).code, 1, "the code of BYE")
    })
  },
  {
    rule: "3.3-6",
    says: "ends a connection for a frame that is cut",
    run: connected(async (link) => {
      link.sendPlain(Uint8Array.of(1, 1, 2, 3))
      equal((await link.next("Bye")).code, 1, "the code of BYE")
    })
  },
  violation("an ACK of what it has not sent", "3.3-3", [
    { _tag: "Ack", delay: 0, ranges: [{ start: 1_000_000, end: 1_000_001 }] }
  ]),
  violation("nine CANDIDATES", "3.3-6", [
    { _tag: "Candidates", endpoints: Array.from({ length: 9 }, (_, i) => Endpoint.make("192.0.2.1", i + 1)!) }
  ]),
  violation("RESET of the conversation", "3.5-9", [{ _tag: "Reset", stream: 0, code: 2 }]),
  violation("a stream when it has not asked", "3.6-3", [
    { _tag: "Stream", stream: 1, offset: 0, data: Uint8Array.of(1) }
  ]),
  violation("RESET of a stream when it has not asked", "3.6-3", [{ _tag: "Reset", stream: 1, code: 2 }]),
  violation("a record without a type", "3.5-1", [chat(Uint8Array.of(0))]),
  violation("a text that is empty", "3.5-1", [chat(text(new Uint8Array(0)))]),
  violation("a text that is not UTF-8", "3.5-1", [chat(text(Uint8Array.of(0xc3, 0x28)))]),
  violation("bytes beyond the limit of the conversation", "3.5-15", [chat(Uint8Array.of(1), 49_152)]),
  harmless("an end of the conversation", "3.5-9", [chat(new Uint8Array(0))]),
  harmless("MAX_DATA of no stream", "3.6-6", [{ _tag: "MaxData", stream: 99, limit: 5 }]),
  harmless("a PONG that nobody asked for, CONSENT twice, and no candidates", "3.3-6", [
    { _tag: "Pong", token: randomBytes(8), observed: undefined },
    { _tag: "Consent" },
    { _tag: "Consent" },
    { _tag: "Candidates", endpoints: [] }
  ]),
  harmless("marks of messages that are not there", "3.5-8", [
    chat(recordOf((writer) => ChatRecord.writeDelivered(writer, ID))),
    chat(
      recordOf((writer) => ChatRecord.writeRead(writer, ID)),
      18
    )
  ]),
  harmless("AWAY with words that are not UTF-8", "3.5-19", [chat(Uint8Array.of(4, 7, 1, 0xc3, 0x28))]),
  harmless("a packet with nothing but padding", "3.3-6", [])
]

const conversation: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.5-5",
    says: "confirms what it has shown, whatever the record before it, in any pieces",
    also: ["3.5-1", "3.5-12", "5-3"],
    run: connected(async (link) => {
      link.sendRecord(Uint8Array.of(3, 120, 1, 2))
      const id = link.sendText(randomBytes(16), "grüße", 5)
      await link.records.take((record) => record._tag === "Delivered" && record.id === id, "DELIVERED")
    })
  },
  {
    rule: "3.5-11",
    says: "takes 16 messages from somebody it has not asked for, and ends the connection with the next",
    run: connected(async (link) => {
      for (let i = 0; i < 16; i++) {
        const id = link.sendText(randomBytes(16), `message ${i}`, i)
        await link.records.take(
          (record) => record._tag === "Delivered" && record.id === id,
          `DELIVERED of message ${i + 1}`
        )
      }
      link.sendText(randomBytes(16), "one too many", 16)
      equal((await link.next("Bye")).code, 1, "the code of BYE")
    })
  },
  {
    rule: "3.5-6",
    says: "shows a message once, however often it comes",
    words: true,
    run: connected(async (link, peer, running) => {
      const id = randomBytes(16)
      for (let i = 0; i < 3; i++) link.sendText(id, "once", i)
      const isOurs = (event: { readonly event: string }) =>
        event.event === "message" && (event as { readonly from?: string }).from === peer.who.nick
      equal((await running.events.take(isOurs, "event message")).text, "once", "the text")
      await running.events.none(isOurs, "it was shown again")
    })
  },
  {
    rule: "3.5-2",
    says: "shows texts in the order in which they come, whatever their sequence",
    words: true,
    run: connected(async (link, peer, running) => {
      const texts = ["nine", "three", "three again"]
      for (const [i, sequence] of [9, 3, 3].entries()) link.sendText(randomBytes(16), texts[i]!, sequence)
      for (const one of texts)
        equal((await running.next("message", ({ from }) => from === peer.who.nick)).text, one, "the next text")
    })
  },
  {
    rule: "3.5-4",
    says: "shows no time of writing that lies ahead or before 2026, if it shows any",
    also: ["3.5-3"],
    words: true,
    run: connected(async (link, peer, running) => {
      const hour = 3_600_000
      const past = Date.now() - hour
      for (const [at, shown] of [
        [past, past],
        [Date.now() + hour, undefined],
        [Date.UTC(2025, 0), undefined]
      ] as const) {
        link.sendRecord(recordOf((writer) => ChatRecord.writeWritten(writer, at)))
        link.sendText(randomBytes(16), "hello")
        const message = await running.next("message", ({ from }) => from === peer.who.nick)
        must(message.writtenAt === undefined || message.writtenAt === shown, `the time is ${message.writtenAt}`)
      }
    })
  },
  {
    rule: "3.5-18",
    says: "takes a text behind a GROUP that makes no sense for one of its sender to its receiver alone",
    words: true,
    run: connected(async (link, peer, running) => {
      link.sendRecord(Uint8Array.of(5, 6, 1, 2, 3, 4))
      link.sendText(randomBytes(16), "hello")
      const message = await running.next("message", ({ from }) => from === peer.who.nick)
      equal([message.text, message.group], ["hello", undefined], "text and group")
    })
  },
  {
    rule: "3.5-10",
    says: "sends nothing to somebody it has not asked for",
    words: true,
    run: connected(async (link, peer, running) => {
      equal((await running.ask({ cmd: "send", to: peer.who.nick, text: "hello" })).event, "error", "the answer")
      await link.records.none(({ _tag }) => _tag === "Text", "a text came")
    })
  },
  {
    rule: "3.5-16",
    says: "tells that it asks back, and the limit that goes with it, without another handshake",
    also: ["3.1-4"],
    words: true,
    run: connected(async (link, peer, running) => {
      running.host.people.set(peer.who.nick, () => peer.introduction())
      equal((await running.ask({ cmd: "query", nick: peer.who.nick })).event, "peer", "the answer")
      await link.inbox.take(({ frames }) => frames.some(({ _tag }) => _tag === "Consent"), "CONSENT")
      running.say({ cmd: "send", to: peer.who.nick, text: "hello back" })
      const record = await link.records.take(({ _tag }) => _tag === "Text", "TEXT")
      equal(record._tag === "Text" && Bytes.toText(record.text), "hello back", "the text")
    })
  },
  {
    rule: "3.7-1",
    says: "says BYE in three packets when it leaves, and Exit to its server",
    words: true,
    run: own(async (running) => {
      const peer = await ForeignPeer.meet(running)
      const link = await peer.connect()
      link.answers = false
      running.say({ cmd: "exit" })
      const counters = new Set<number>()
      for (let i = 0; i < 3; i++)
        counters.add((await link.inbox.take(({ frames }) => frames.some(({ _tag }) => _tag === "Bye"), "BYE")).counter)
      equal(counters.size, 3, "the number of packets with BYE")
      await running.host.next("Exit")
      peer.close()
    })
  }
]

export const asInvited: ReadonlyArray<ClientCheck> = [...handshakes, ...packets, ...conversation]

/** Bytes of a payload before its extensions. */
const FIXED = 4 + 8 + 8 + 1 + 4 + 2 + 4
/** ms: twice what the rule says. */
const ACK_PATIENCE = 50
/** On a very busy machine hardly one comes as it was sent. */
const TRIES = 200

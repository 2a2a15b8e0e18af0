import * as Handshake from "../../src/core/peer/handshake/Handshake.js"
import { Epoch } from "../../src/core/peer/keys/Epoch.js"
import { TAG_BYTES } from "../../src/domain/Crypto.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import { HEADER_BYTES, PacketType, paddingFor } from "../../src/protocol/DataPacket.js"
import * as Frame from "../../src/protocol/Frame.js"
import * as Wire from "../../src/protocol/Handshake.js"
import { textRecord } from "./Chat.js"
import {
  alice,
  bob,
  CHANNEL,
  counting,
  hex,
  PAIR_KEY,
  type Person,
  repeated,
  type Vector,
  type VectorFile
} from "./Keys.js"

const ALICES_INDEX = 0x11111111
const BOBS_INDEX = 0x22222222

const payload = (sender: Person, more: Partial<Wire.HandshakePayload>): Wire.HandshakePayload => ({
  attempt: 1,
  connection: new Uint8Array(8),
  peerConnection: new Uint8Array(8),
  consent: false,
  features: 0,
  creditMessages: 16,
  creditBytes: 32_768,
  record: sender.record,
  candidates: [],
  ...more
})

/** alice has asked for bob; he has not asked for her. */
const meeting = (candidates: ReadonlyArray<Endpoint.Endpoint> = []) => {
  const first = payload(alice, { connection: repeated(0xc1, 8), consent: true, candidates })
  const second = payload(bob, { connection: repeated(0xc2, 8), peerConnection: repeated(0xc1, 8) })
  const shared = { crypto, pairKey: PAIR_KEY, channel: CHANNEL }
  const initiation = Handshake.initiate({
    ...shared,
    staticKeys: alice.staticKeys,
    ephemeralSecret: counting(0x80),
    remoteStatic: bob.staticKeys.publicKey,
    senderIndex: ALICES_INDEX,
    payload: first
  })!
  const response = Handshake.respond({
    ...shared,
    staticKeys: bob.staticKeys,
    ephemeralSecret: counting(0xa0),
    packet: initiation.packet
  })!
  const reply = response.reply(second, BOBS_INDEX)!
  const result = initiation.complete(reply.packet)!
  return { first, second, hs1: initiation.packet, hs2: reply.packet, result }
}

const macKey = (receiver: Person): Uint8Array =>
  crypto.hash(32, [Bytes.fromText("parley mac1 v1"), PAIR_KEY, receiver.staticKeys.publicKey])

export const handshake = (): VectorFile => {
  const plain = meeting()
  const named = meeting([Endpoint.make("192.0.2.1", 9090)!, Endpoint.make("2001:db8::1", 9091)!])
  return {
    about:
      "alice asks for bob, who has not asked for her. Ephemeral secrets 80..9f (alice) and a0..bf (bob), indices 11111111 and 22222222, connections c1 and c2 eight times, 16 messages and 32,768 bytes of credit both ways.",
    section: "3.2",
    vectors: [
      { name: "introduction", channel: hex(CHANNEL), pairKey: hex(PAIR_KEY) },
      { name: "mac1 keys", hs1: hex(macKey(bob)), hs2: hex(macKey(alice)) },
      { name: "HS1", payload: hex(Wire.encodePayload(plain.first)!), packet: hex(plain.hs1) },
      { name: "HS2", payload: hex(Wire.encodePayload(plain.second)!), packet: hex(plain.hs2) },
      { name: "keys", aliceToBob: hex(plain.result.sendKey), bobToAlice: hex(plain.result.receiveKey) },
      {
        name: "HS1 with candidates",
        candidates: "192.0.2.1:9090 [2001:db8::1]:9091",
        payload: hex(Wire.encodePayload(named.first)!),
        packet: hex(named.hs1)
      },
      ...excess(plain.hs1)
    ]
  }
}

const excess = (hs1: Uint8Array): ReadonlyArray<Vector> => {
  const cookie = repeated(0xcc, 16)
  const salt = repeated(0x5a, 16)
  const terms = { crypto, pairKey: PAIR_KEY, hs1, receiverStatic: alice.staticKeys.publicKey }
  return [
    { name: "RETRY", cookie: hex(cookie), salt: hex(salt), packet: hex(Handshake.retry(terms, cookie, salt)) },
    { name: "HS1 with a cookie", cookie: hex(cookie), packet: hex(Handshake.withCookie(crypto, cookie, hs1)) }
  ]
}

const frame = (...frames: ReadonlyArray<Frame.Frame>): Uint8Array => {
  const writer = new Bytes.Writer(new Uint8Array(1200))
  for (const each of frames) Frame.write(writer, each)
  return writer.finish()!
}

const token = counting(1, 8)
const PING: Frame.Frame = { _tag: "Ping", token }
const FRAMES: ReadonlyArray<readonly [string, Frame.Frame]> = [
  ["PING", PING],
  ["PONG that came over the relay", { _tag: "Pong", token, observed: undefined }],
  ["PONG, 192.0.2.1:9090", { _tag: "Pong", token, observed: Endpoint.make("192.0.2.1", 9090)! }],
  ["PONG, [2001:db8::1]:9090", { _tag: "Pong", token, observed: Endpoint.make("2001:db8::1", 9090)! }],
  [
    "ACK of 0 to 2, 5, 6 and 9 after 1 ms",
    {
      _tag: "Ack",
      delay: 1,
      ranges: [
        { start: 9, end: 10 },
        { start: 5, end: 7 },
        { start: 0, end: 3 }
      ]
    }
  ],
  ["ACK of 0 at once", { _tag: "Ack", delay: 0, ranges: [{ start: 0, end: 1 }] }],
  ["STREAM 5 from 70,000 on, 3 bytes", { _tag: "Stream", stream: 5, offset: 70_000, data: counting(1, 3) }],
  ["STREAM 5, end at 70,003", { _tag: "Stream", stream: 5, offset: 70_003, data: new Uint8Array(0) }],
  ["MAX_DATA of stream 0, 262,144", { _tag: "MaxData", stream: 0, limit: 262_144 }],
  [
    "CANDIDATES",
    { _tag: "Candidates", endpoints: [Endpoint.make("192.0.2.1", 9090)!, Endpoint.make("2001:db8::1", 9091)!] }
  ],
  ["CONSENT", { _tag: "Consent" }],
  ["RESET of stream 5, cancelled", { _tag: "Reset", stream: 5, code: 2 }],
  ["BYE, left", { _tag: "Bye", code: 0 }],
  ["BYE, protocol violation", { _tag: "Bye", code: 1 }],
  [
    "GUESS of 64 ports, every second one from 40,000 on",
    { _tag: "Guess", first: Endpoint.make("192.0.2.1", 40_000)!, stride: 2, ports: 64, count: 64 }
  ]
]

/** Sealed by alice with the keys of the handshake. */
const sealed = (name: string, counter: number, frames: Uint8Array, padded: boolean): Vector => {
  const { result } = meeting()
  const epoch = new Epoch(crypto, ALICES_INDEX, BOBS_INDEX, result.sendKey, result.receiveKey, 0, true)
  const padding = padded ? paddingFor(frames.length, 1200 - HEADER_BYTES - TAG_BYTES) : 0
  const packet = new Uint8Array(HEADER_BYTES + frames.length + padding + TAG_BYTES)
  packet.set(frames, HEADER_BYTES)
  const plain = hex(packet.subarray(HEADER_BYTES, packet.length - TAG_BYTES))
  epoch.seal(counter, packet)
  return { name, counter, frames: plain, packet: hex(packet) }
}

export const data = (): VectorFile => ({
  about: "Frames, and DATA packets from alice to bob with the keys of the handshake (handshake.json, `keys`).",
  section: "3.3",
  vectors: [
    { name: "OPEN", packet: hex(Uint8Array.of(PacketType.open)) },
    ...FRAMES.map(([name, each]) => ({ name, frame: hex(frame(each)) })),
    sealed("DATA with PING", 0, frame(PING), false),
    sealed(
      "DATA with the text hi on stream 0, padded",
      1,
      frame({ _tag: "Stream", stream: 0, offset: 0, data: textRecord(counting(0, 16), 0, "hi") }),
      true
    ),
    sealed("DATA with a counter beyond 32 bits", 2 ** 32 + 7, frame({ _tag: "Consent" }, PING), false)
  ]
})

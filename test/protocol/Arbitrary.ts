import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as Endpoint from "../../src/domain/Endpoint.js"
import { GROUP_ID_BYTES, groupIdOf } from "../../src/domain/GroupId.js"
import { messageIdOf } from "../../src/domain/MessageId.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { IDENTITY_BYTES, peerIdOf } from "../../src/domain/PeerId.js"
import type { ChatRecord } from "../../src/protocol/ChatRecord.js"
import * as Control from "../../src/protocol/Control.js"
import type { EncodableRecord } from "../../src/protocol/FileRecord.js"
import type * as Frame from "../../src/protocol/Frame.js"
import { type GroupRecord, MAX_OTHERS } from "../../src/protocol/GroupRecord.js"
import type * as Handshake from "../../src/protocol/Handshake.js"
import type * as Lan from "../../src/protocol/Lan.js"
import { COOKIE_BYTES, NONCE_BYTES } from "../../src/protocol/Lan.js"
import { MAX_RECORD } from "../../src/protocol/PeerRecord.js"
import type * as Stun from "../../src/protocol/Stun.js"

/** What the codecs write, drawn at random: for their properties, and as seeds of their fuzzing. */

export const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

const endpointFrom = (least: number): fc.Arbitrary<Endpoint.Endpoint> =>
  fc
    .tuple(fc.oneof(bytes(4), bytes(16)), fc.integer({ min: least, max: 65_535 }))
    .map(([address, port]) => Endpoint.fromBytes(address, port)!)
/** Of both families, with a port. */
export const endpoint = endpointFrom(1)

const text = fc.string({ unit: "grapheme", maxLength: 80 })
const anyEndpoint = endpointFrom(0)
export const stunMessage: fc.Arbitrary<Omit<Stun.Message, "unknown">> = fc.record({
  class: fc.constantFrom("request", "indication", "success", "error"),
  method: fc.nat(0xfff),
  transactionId: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  attributes: fc.record(
    {
      xorMappedAddress: anyEndpoint,
      mappedAddress: anyEndpoint,
      responseOrigin: anyEndpoint,
      otherAddress: anyEndpoint,
      changeRequest: fc.record({ address: fc.boolean(), port: fc.boolean() }),
      errorCode: fc.record({ code: fc.integer({ min: 300, max: 699 }), reason: text }),
      unknownAttributes: fc.array(fc.nat(0xffff), { maxLength: 9 }),
      software: text
    },
    { requiredKeys: [] }
  ),
  fingerprint: fc.boolean()
})

const integer = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.maxSafeNat())
const token = bytes(8)
/** From gaps and lengths, downwards from a largest that leaves room for all of them. */
const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 1_000 })), {
    minLength: 1,
    maxLength: 32
  })
  .map((steps) => {
    let end = 100_000
    return steps.map(([gap, length]) => {
      const range = { start: end - length, end }
      end = range.start - gap
      return range
    })
  })
export const frame: fc.Arbitrary<Frame.Frame> = fc.oneof(
  fc.record({ _tag: fc.constant("Ping" as const), token }),
  fc.record({ _tag: fc.constant("Pong" as const), token, observed: fc.option(endpoint, { nil: undefined }) }),
  fc.record({
    _tag: fc.constant("Ack" as const),
    ranges,
    delay: fc.integer({ min: 0, max: 10_000 }).map((units) => units * 0.008)
  }),
  fc.record({
    _tag: fc.constant("Stream" as const),
    stream: integer,
    offset: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    data: fc.uint8Array({ maxLength: 100 })
  }),
  fc.record({ _tag: fc.constant("MaxData" as const), stream: integer, limit: integer }),
  fc.record({ _tag: fc.constant("Candidates" as const), endpoints: fc.array(endpoint, { maxLength: 8 }) }),
  fc.record({ _tag: fc.constant("Consent" as const) }),
  fc.record({ _tag: fc.constant("Reset" as const), stream: integer, code: integer }),
  fc.record({ _tag: fc.constant("Bye" as const), code: integer }),
  fc.record({ _tag: fc.constant("Guess" as const), first: endpoint, stride: integer, ports: integer, count: integer })
)

/** 32 bits. */
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

export const handshakePayload: fc.Arbitrary<Handshake.HandshakePayload> = fc.record({
  attempt: u32,
  connection: bytes(8),
  peerConnection: bytes(8),
  consent: fc.boolean(),
  features: u32,
  creditMessages: fc.nat(0xffff),
  creditBytes: u32,
  record: fc.uint8Array({ maxLength: MAX_RECORD }),
  candidates: fc.array(endpoint, { maxLength: Endpoint.MAX_CANDIDATES })
})

const lanName = fc.stringMatching(/^[0-9a-f]{16}$/)
const lanHead = {
  to: lanName,
  sender: lanName,
  question: bytes(NONCE_BYTES),
  at: fc.record({ address: fc.ipV4(), port: fc.integer({ min: 1, max: 65_535 }) }).map(({ address, port }) => {
    return { family: "ipv4" as const, address, port }
  })
}
export const lanCard: fc.Arbitrary<Lan.LanCard> = fc.record({
  kind: fc.constantFrom("card", "invite"),
  ...lanHead,
  nonce: bytes(NONCE_BYTES),
  port: fc.integer({ min: 1, max: 65_535 }),
  cookie: bytes(COOKIE_BYTES),
  record: fc.uint8Array({ maxLength: 299 })
})
export const lanPacket: fc.Arbitrary<Lan.LanPacket> = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const), ...lanHead }),
  lanCard
)

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/).filter((text) => Either.isRight(Nickname.parse(text)))
export const groupRecord: fc.Arbitrary<GroupRecord> = fc.record({
  kind: fc.constantFrom("Text", "Invite", "Members", "Joined", "Left"),
  id: bytes(GROUP_ID_BYTES).map(groupIdOf),
  name: word,
  members: fc.uniqueArray(fc.record({ peer: bytes(IDENTITY_BYTES).map(peerIdOf), nick: word }), {
    maxLength: MAX_OTHERS,
    selector: ({ peer }) => peer
  })
})

const id = bytes(16).map(messageIdOf)
export const chatRecord: fc.Arbitrary<ChatRecord> = fc.oneof(
  fc.record({
    _tag: fc.constant("Text" as const),
    id,
    sequence: fc.maxSafeNat(),
    text: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 50 }),
      fc.uint8Array({ minLength: 1_000, maxLength: 2_000 })
    )
  }),
  fc.record({ _tag: fc.constant("Delivered" as const), id }),
  fc.record({ _tag: fc.constant("Read" as const), id }),
  fc.record({ _tag: fc.constant("Written" as const), at: fc.maxSafeNat() }),
  fc.record({ _tag: fc.constant("Known" as const), messages: fc.nat(20_000), bytes: fc.maxSafeNat() }),
  fc.record({ _tag: fc.constant("Group" as const), group: groupRecord }),
  fc.record({
    _tag: fc.constant("Away" as const),
    text: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined })
  }),
  fc.record({ _tag: fc.constant("Network" as const), ipv4: fc.nat(255), ipv6: fc.nat(255) }),
  fc.record({ _tag: fc.constant("Unknown" as const), type: fc.integer({ min: 9, max: 255 }) })
)

export const fileRecord: fc.Arbitrary<EncodableRecord> = fc.oneof(
  fc.record({
    _tag: fc.constant("Offer" as const),
    id: bytes(16),
    folder: fc.constant(true),
    size: fc.maxSafeNat(),
    files: fc.nat(),
    version: fc.constant(2 as const),
    folders: fc.nat(),
    executables: fc.nat(),
    risks: fc.nat(255),
    root: bytes(32),
    name: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  }),
  fc.record({ _tag: fc.constant("Ask" as const), id: bytes(16) }),
  fc.record({ _tag: fc.constant("End" as const), id: bytes(16), code: fc.nat(99) }),
  fc.record({ _tag: fc.constant("Contents" as const), last: fc.boolean(), bytes: fc.uint8Array({ maxLength: 2_000 }) }),
  fc.record({ _tag: fc.constant("Chunk" as const), index: fc.nat() }),
  fc.record({ _tag: fc.constant("Accept" as const), contents: fc.boolean(), have: fc.uint8Array({ maxLength: 100 }) }),
  fc.record({ _tag: fc.constant("Decline" as const), reason: fc.nat(9) }),
  fc.record({ _tag: fc.constant("Saved" as const), chunks: fc.nat() }),
  fc.constant({ _tag: "Done" as const }),
  fc.record({ _tag: fc.constant("Pause" as const), paused: fc.boolean() })
)

/** Lines of the control link, in both directions. */
export const request = Arbitrary.make(Schema.encodedSchema(Control.Request)).map((value) => JSON.stringify(value))
export const serverMessage = Arbitrary.make(Schema.encodedSchema(Control.ServerMessage)).map((value) =>
  JSON.stringify(value)
)

import * as fc from "fast-check"
import type { Entry } from "../../../src/core/journal/Entry.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { encode as encodeGroup } from "../../../src/protocol/GroupRecord.js"
import { groupRecord } from "../../protocol/Arbitrary.js"
import { messageId } from "../../support/ids.js"

/** Entries of few peers and few ids, so that they concern each other. */

export const peerOf = (n: number): PeerId => peerIdOf(new Uint8Array(32).fill(n))
export const idOf = (n: number): MessageId => messageId(n.toString(16).padStart(32, "0"))

const peer = fc.integer({ min: 1, max: 4 }).map(peerOf)
const id = fc.integer({ min: 0, max: 20 }).map(idOf)

export const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    _tag: fc.constant("Peer" as const),
    peer,
    nick: fc.fullUnicodeString({ maxLength: 32 }),
    nextSequence: fc.maxSafeNat()
  }),
  fc.record({
    _tag: fc.constant("Accepted" as const),
    peer,
    id,
    sequence: fc.nat(1_000),
    text: fc.uint8Array({ minLength: 1, maxLength: 300 })
  }),
  fc.record({
    _tag: fc.constant("Accepted" as const),
    peer,
    id,
    sequence: fc.nat(1_000),
    writtenAt: fc.maxSafeNat(),
    text: fc.uint8Array({ minLength: 1, maxLength: 300 })
  }),
  fc.record(
    {
      _tag: fc.constant("Accepted" as const),
      peer,
      id,
      sequence: fc.nat(1_000),
      writtenAt: fc.integer({ min: 1 }),
      group: groupRecord.map(encodeGroup),
      text: fc.uint8Array({ minLength: 1, maxLength: 300 })
    },
    { requiredKeys: ["_tag", "peer", "id", "sequence", "group", "text"] }
  ),
  fc.record({ _tag: fc.constant("Delivered" as const), peer, id }),
  fc.record({ _tag: fc.constant("Dropped" as const), peer }),
  fc.record({ _tag: fc.constant("Shown" as const), peer, ids: fc.array(id, { maxLength: 5 }) })
)

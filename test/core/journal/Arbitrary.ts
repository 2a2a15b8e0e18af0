import * as fc from "fast-check"
import type { Entry } from "../../../src/core/journal/Entry.js"
import type { PastMessage } from "../../../src/core/peer/Journal.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { encode as encodeGroup } from "../../../src/protocol/GroupRecord.js"
import { groupRecord } from "../../protocol/Arbitrary.js"
import { messageId } from "../../support/ids.js"

/** Entries of few peers and few ids, so that they concern each other. */

export const peerOf = (n: number): PeerId => peerIdOf(new Uint8Array(32).fill(n))
export const idOf = (n: number): MessageId => messageId(n.toString(16).padStart(32, "0"))

const peer = fc.integer({ min: 1, max: 4 }).map(peerOf)
const number = fc.integer({ min: 0, max: 20 })
const id = number.map(idOf)
/** A message has one id and one sequence. */
const name = number.map((n) => ({ id: idOf(n), sequence: 45 * n }))

const text = fc.uint8Array({ minLength: 1, maxLength: 300 })

const accepted = (said: fc.Arbitrary<Omit<PastMessage, "id" | "sequence"> & { readonly peer: PeerId }>) =>
  fc.tuple(name, said).map(([{ id, sequence }, { peer, ...rest }]) => ({
    _tag: "Accepted" as const,
    peer,
    id,
    sequence,
    ...rest
  }))

export const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    _tag: fc.constant("Peer" as const),
    peer,
    nick: fc.fullUnicodeString({ maxLength: 32 }),
    nextSequence: fc.maxSafeNat()
  }),
  accepted(fc.record({ peer, text })),
  accepted(fc.record({ peer, writtenAt: fc.maxSafeNat(), text })),
  accepted(
    fc.record(
      { peer, writtenAt: fc.integer({ min: 1 }), group: groupRecord.map(encodeGroup), text },
      { requiredKeys: ["peer", "group", "text"] }
    )
  ),
  fc.record({ _tag: fc.constant("Delivered" as const), peer, id }),
  fc.record({ _tag: fc.constant("Dropped" as const), peer }),
  fc.record({ _tag: fc.constant("Shown" as const), peer, ids: fc.array(id, { maxLength: 5 }) })
)

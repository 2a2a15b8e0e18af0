import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { SessionId } from "../domain/Registration.js"
import { MAX_ENDPOINT_TEXT, MAX_LINE } from "./Control.js"

/**
 * What the nodes of one server say to each other (docs/nodes.md): JSON objects, one a line, on a link that both ends
 * have authenticated. Questions carry `id`, their answers echo it. Unknown keys are ignored, and so are unknown tags: a
 * node of a later version may be among us.
 */

/** Bytes of one line. */
export const MAX_NODE_LINE = MAX_LINE

const Id = Schema.Int
/** The number that channels know a connection by. */
const End = Schema.Int.pipe(Schema.between(1, 0xffff_ffff))

/** What one side of an introduction learns of the other: those members of `Peer` that are a registration's. */
const Half = Schema.Struct({
  nick: Schema.String,
  address: Schema.String,
  record: Schema.optional(Schema.String),
  candidates: Schema.Array(Schema.String)
})
export type Half = typeof Half.Type

/** Where the relay of the one who says it is to be reached by clients: one endpoint of each family, or none. */
const RelayAt = Schema.optional(Schema.Array(Schema.String.pipe(Schema.maxLength(MAX_ENDPOINT_TEXT))))

/** Somebody here asks for a session of yours, if it still has the nickname as of this epoch. */
export const Introduce = Schema.TaggedStruct("Introduce", {
  id: Id,
  session: SessionId,
  epoch: Schema.Int,
  from: End,
  half: Half,
  relay: RelayAt
})
/** The one at `from` tells the one at `to` where it may be reached. */
export const Tell = Schema.TaggedStruct("Tell", { id: Id, to: End, from: End, half: Half, relay: RelayAt })
/** It was told. `end` and `half` are its own. */
export const Introduced = Schema.TaggedStruct("Introduced", { id: Id, end: End, half: Half, relay: RelayAt })
/** It is not here, or has another nickname by now. */
export const NotHere = Schema.TaggedStruct("NotHere", { id: Id })
/** It is here, and too many ask for it. */
export const Wait = Schema.TaggedStruct("Wait", { id: Id, retryAfterMs: Schema.Number })
/** A packet of the relay for the one at `to`; `packet` is base64url. Nothing answers it. */
export const Packet = Schema.TaggedStruct("Packet", {
  to: End,
  channel: Schema.String.pipe(Schema.maxLength(16)),
  packet: Schema.String.pipe(Schema.maxLength(1600))
})

/** The session at `end`, which one of yours was introduced to, is over, and so are its channels. Nothing answers it. */
export const Ended = Schema.TaggedStruct("Ended", { end: End })

/** What an operator has decided, as lines of the files that it is kept in. */
const Lines = Schema.Array(Schema.String)
/** How far a list of decisions was told, by its own count. */
const Mark = Schema.Struct({ bans: Schema.Int, tokens: Schema.Int })
export type Mark = typeof Mark.Type

/** The operator has decided this: it counts on your node, too. */
export const Decided = Schema.TaggedStruct("Decided", { id: Id, bans: Lines, tokens: Lines })
/** That counts here now, as far as nothing later is known. */
export const Noted = Schema.TaggedStruct("Noted", { id: Id })
/** What has been decided, behind that? */
export const Recall = Schema.TaggedStruct("Recall", { id: Id, after: Mark })
/** This, and `upTo` there; `isAll`: there is no more. */
export const Recalled = Schema.TaggedStruct("Recalled", {
  id: Id,
  bans: Lines,
  tokens: Lines,
  upTo: Mark,
  isAll: Schema.Boolean
})

/** The operator ends the sessions of whoever is meant by `whom`, and has them told why. */
export const Kick = Schema.TaggedStruct("Kick", { id: Id, whom: Schema.String, why: Schema.String })
/** So many were ended here. */
export const Kicked = Schema.TaggedStruct("Kicked", { id: Id, ended: Schema.Int })

export const NodeMessage = Schema.Union(
  Introduce,
  Tell,
  Introduced,
  NotHere,
  Wait,
  Packet,
  Ended,
  Decided,
  Noted,
  Recall,
  Recalled,
  Kick,
  Kicked
)
export type NodeMessage = typeof NodeMessage.Type

/** About people, and about what an operator wants. */
export type PeopleQuestion = typeof Introduce.Type | typeof Tell.Type
export type OperatorQuestion = typeof Decided.Type | typeof Recall.Type | typeof Kick.Type
export type NodeQuestion = PeopleQuestion | OperatorQuestion
/** What nothing answers, and what may be lost. */
export type NodeNotice = typeof Packet.Type | typeof Ended.Type
export type NodeAnswer =
  | typeof Introduced.Type
  | typeof NotHere.Type
  | typeof Wait.Type
  | typeof Noted.Type
  | typeof Recalled.Type
  | typeof Kicked.Type

export const encode = (message: NodeMessage): string => `${JSON.stringify(message)}\n`

/** `undefined` for what cannot be read. */
export const decode = (line: string): NodeMessage | undefined => {
  try {
    return Either.getOrUndefined(decodeUnknown(JSON.parse(line)))
  } catch {
    return undefined
  }
}

const decodeUnknown = Schema.decodeUnknownEither(NodeMessage)

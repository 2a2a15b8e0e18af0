import type { Fingerprint } from "../../domain/Fingerprint.js"
import type { Nickname } from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { QueryError, ServerError } from "./ClientError.js"
import type { Conversation } from "./Conversations.js"
import type { Ticket } from "./Output.js"
import type { OwnProfile } from "./OwnRecord.js"
import type { PeerInfo } from "./PeerInfo.js"

/** What a request to the rendezvous was made for: what its answer is for, as plain data. */
export type Purpose =
  | RegisterPurpose
  | QueryPurpose
  | { readonly _tag: "List"; readonly ticket: Ticket<ReadonlyArray<PeerInfo>, ServerError> }
  /** None: everybody. */
  | { readonly _tag: "Watch"; readonly nicks: ReadonlyArray<string> | undefined }
  | { readonly _tag: "Unwatch" }
  | { readonly _tag: "Tell" }
  | { readonly _tag: "Update" }

export interface RegisterPurpose {
  readonly _tag: "Register"
  /** Whether a call of the user waits for it; otherwise the nickname is taken back. */
  readonly asked: boolean
  readonly profile: OwnProfile
  readonly nick: Nickname
  readonly record: Uint8Array
}

export interface QueryPurpose {
  readonly _tag: "Query"
  readonly nick: string
  /** The identity that must answer to the nickname, where we mean somebody in particular. */
  readonly expected: PeerId | undefined
  /** The key that our user expects. */
  readonly expect: Fingerprint | undefined
  /** The call of the user that waits for it; none when a lost peer is asked for again. */
  readonly ticket: Ticket<Conversation, QueryError> | undefined
  /** The conversation that is to be taken up again; if we have left it meanwhile, that stays so. */
  readonly conversation: Conversation | undefined
}

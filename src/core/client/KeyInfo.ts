import * as Schema from "effect/Schema"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Contacts } from "./Contacts.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * Whose key it is that we talk to, and what our user knows of it: fields of everything that names a peer. The
 * fingerprint is computed from the key, never what a server says.
 */
export const keyFields = {
  fingerprint: Schema.String,
  /** `new`: we have never talked to this key before. `verified`: our user has compared it with its owner. */
  trust: Schema.Literal("new", "known", "verified"),
  /** When we first met it: ms since 1970 UTC. */
  since: optional(Schema.Number),
  /** The nickname that our user knows this key by, when it is another one than is shown with it. */
  knownAs: optional(Schema.String),
  /** When our user said (`trust`) that this key is the right one of two: ms since 1970 UTC. */
  chosenAt: optional(Schema.Number)
}

const KeyInfo = Schema.Struct(keyFields)
/** @since 0.1.0 */
export type KeyInfo = typeof KeyInfo.Type

/** What is known of the key of a peer who is called `nick`. */
export const keyInfoOf = (
  contacts: Contacts | undefined,
  { fingerprint, nick, peer }: { readonly fingerprint: Fingerprint; readonly nick: string; readonly peer: PeerId }
): KeyInfo => {
  const contact = contacts?.get(peer)
  const chosen = contact?.chosenAt === undefined ? {} : { chosenAt: contact.chosenAt }
  if (contact === undefined || (contact.lastTalked === undefined && contact.verifiedAt === undefined))
    return { fingerprint, trust: "new", ...chosen }
  const key = Nickname.key(nick)
  const isKnownSo = [contact.nick, ...contact.names].some((name) => Nickname.key(name) === key)
  return {
    fingerprint,
    trust: contact.verifiedAt === undefined ? "known" : "verified",
    since: contact.firstSeen,
    ...(isKnownSo ? {} : { knownAs: contact.names[0] ?? contact.nick }),
    ...chosen
  }
}

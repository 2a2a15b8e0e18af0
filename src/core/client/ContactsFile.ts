import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Fingerprint } from "../../domain/Fingerprint.js"
import { PeerId } from "../../domain/PeerId.js"
import * as SealedJson from "../journal/SealedJson.js"
import { Contacts, MAX_CONTACTS, MAX_NAMES } from "./Contacts.js"

/** What is sealed. */
export const toText = (contacts: Contacts): string =>
  JSON.stringify({ version: 1, contacts: contacts.all(), blocked: contacts.blockedKeys() })

export const fromText = (text: string): Contacts | undefined => {
  const decoded = decodeContent(text)
  return Either.isLeft(decoded) ? undefined : new Contacts(decoded.right.contacts, decoded.right.blocked)
}

/** Whom we know, as a file. `secret` is `Identity.contactsSecret`. */
export const { decode, encode } = SealedJson.make("parley-contacts-v1\n", { fromText, toText })

/**
 * From a `known-peers.json` of earlier versions, which was neither sealed nor authenticated. Whoever is in it was
 * talked to; whether our user has left them since is not known. `undefined` when it is no such file.
 */
export const decodeKnownPeers = (text: string): Contacts | undefined => {
  const file = decodeOld(text)
  if (Either.isLeft(file)) return undefined
  const contacts = new Contacts()
  for (const { fingerprint, firstSeen, identity, nick } of file.right.peers) {
    contacts.meet({ peer: identity, fingerprint, nick, now: firstSeen })
    contacts.update(identity, { lastTalked: firstSeen })
    if (contacts.owner(nick) === undefined) contacts.name(identity, nick)
  }
  return contacts
}

const Nick = Schema.String.pipe(Schema.maxLength(256))
const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** Lists, not objects by key: `__proto__` is a nickname like any other. */
const Content = Schema.Struct({
  version: Schema.Literal(1),
  contacts: Schema.Array(
    Schema.Struct({
      identity: PeerId,
      fingerprint: Fingerprint,
      nick: Nick,
      names: Schema.Array(Nick).pipe(Schema.maxItems(MAX_NAMES)),
      firstSeen: Schema.Finite,
      lastTalked: optional(Schema.Finite),
      verifiedAt: optional(Schema.Finite),
      blockedAt: optional(Schema.Finite),
      chosenAt: optional(Schema.Finite),
      consented: Schema.Boolean,
      disputed: optional(Schema.Boolean),
      record: optional(Schema.Struct({ sequence: Schema.Finite, nick: Nick, until: Schema.Finite }))
    })
  ).pipe(Schema.maxItems(MAX_CONTACTS)),
  blocked: Schema.Array(Fingerprint).pipe(Schema.maxItems(MAX_CONTACTS))
})

const decodeContent = Schema.decodeUnknownEither(Schema.parseJson(Content))

const KnownPeers = Schema.Struct({
  version: Schema.Literal(1),
  peers: Schema.Array(
    Schema.Struct({
      key: Schema.String.pipe(Schema.maxLength(512)),
      nick: Nick,
      identity: PeerId,
      fingerprint: Fingerprint,
      firstSeen: Schema.Finite
    })
  ).pipe(Schema.maxItems(MAX_CONTACTS))
})

const decodeOld = Schema.decodeUnknownEither(Schema.parseJson(KnownPeers))

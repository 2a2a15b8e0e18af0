import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Crypto } from "../../domain/Crypto.js"
import { Fingerprint } from "../../domain/Fingerprint.js"
import { PeerId } from "../../domain/PeerId.js"
import * as SealedJson from "../journal/SealedJson.js"
import { Slice, type Sliced } from "../support/Slices.js"
import { Contacts, MAX_CONTACTS, MAX_NAMES } from "./Contacts.js"

/** What is sealed: all of them as they are at the first step. */
export function* toText(contacts: Contacts): Sliced<string> {
  const slice = new Slice()
  const [people, blocked] = [contacts.all(), contacts.blockedKeys()]
  const written: Array<string> = []
  for (const person of people) {
    if (slice.spend(WRITTEN)) yield
    written.push(JSON.stringify(person))
  }
  return `{"version":1,"contacts":[${written.join(",")}],"blocked":${JSON.stringify(blocked)}}`
}

export const fromText = (text: string): Contacts | undefined => {
  const decoded = decodeContent(text)
  return Either.isLeft(decoded) ? undefined : new Contacts(decoded.right.contacts, decoded.right.blocked)
}

const file = SealedJson.make<string>("parley-contacts-v1\n", { fromText: (text) => text, toText: (text) => text })

/** Whom we know, as a file. `secret` is `Identity.contactsSecret`, `salt` are `SALT_BYTES` fresh random bytes. */
export function* encode(crypto: Crypto, secret: Uint8Array, salt: Uint8Array, contacts: Contacts): Sliced<Uint8Array> {
  const text = yield* toText(contacts)
  yield
  return file.encode(crypto, secret, salt, text)
}

/** `undefined` when it is not what `encode` made with this secret. */
export const decode = (crypto: Crypto, secret: Uint8Array, sealed: Uint8Array): Contacts | undefined => {
  const text = file.decode(crypto, secret, sealed)
  return text === undefined ? undefined : fromText(text)
}

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

/** Units of work (core/support/Slices) to write down one person, a microsecond or two where the code is cold. */
const WRITTEN = 2
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

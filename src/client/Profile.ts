import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Contacts } from "../core/client/Contacts.js"
import * as ContactsFile from "../core/client/ContactsFile.js"
import { Groups } from "../core/client/groups/Groups.js"
import * as GroupsFile from "../core/client/groups/GroupsFile.js"
import { MAX_SETTINGS, Preferences } from "../core/client/Preferences.js"
import { MAX_SERVERS, ServerPins } from "../core/client/ServerPins.js"
import { SALT_BYTES } from "../core/journal/SealedFile.js"
import type { Crypto as Primitives } from "../domain/Crypto.js"
import * as Identity from "../domain/Identity.js"
import type { Nickname } from "../domain/Nickname.js"
import * as Bytes from "../protocol/Bytes.js"
import { Crypto } from "../services/Crypto.js"
import { Entropy } from "../services/Entropy.js"
import { Store, type StoreError } from "../services/Store.js"
import * as StoreName from "../services/StoreName.js"
import * as TransferStore from "./files/TransferStore.js"
import * as History from "./history/History.js"
import * as InputFile from "./history/InputFile.js"
import { inSlices } from "./InSlices.js"
import * as MessageJournal from "./journal/MessageJournal.js"

/**
 * Who we are under a nickname, and whom we know: one identity and one list of contacts a nickname, so that two people
 * (or one person twice) can share a home folder without being one person to everybody else.
 *
 * @since 0.1.0
 */
export class Profiles extends Context.Tag("parley/client/Profiles")<
  Profiles,
  {
    /**
     * The profile of a nickname, held for as long as the scope lives. A new one is written only by `keep`.
     *
     * When another living process holds it, the profile is a passing one: a fresh identity that nothing is kept of,
     * with the other's contacts to read. Two processes with one identity would take the nickname from each other for
     * ever.
     */
    readonly open: (nick: Nickname) => Effect.Effect<Profile, ProfileError, Scope.Scope>
  }
>() {}

/**
 * Who we are under one nickname, and what is kept under it.
 *
 * @since 0.1.0
 */
export interface Profile {
  readonly identity: Identity.Identity
  /** The identity on the disk, also while another process holds the profile; none where this nickname is a new one. */
  readonly kept: Identity.Identity | undefined
  /** Changes reach the disk with `keep`. */
  readonly contacts: Contacts
  /** The same of servers. */
  readonly servers: ServerPins
  /** The groups that our user is in, or has left. */
  readonly groups: Groups
  /** What our user has set. */
  readonly preferences: Preferences
  /** Whether the identity outlives this process. */
  readonly persistent: boolean
  /** What must not be forgotten in a crash. None for a passing profile. */
  readonly journal: MessageJournal.MessageJournal | undefined
  /** What was said and shown; nothing is read or written before it is used. None for a passing profile. */
  readonly history: History.History | undefined
  /** What was typed; nothing is read or written before it is used. None for a passing profile. */
  readonly input: InputFile.InputFile | undefined
  /** File transfers that outlive the process. None for a passing profile. */
  readonly transfers: TransferStore.TransferStore | undefined
  /** Where the profile is kept, for messages to people. */
  readonly location: string
  /**
   * Writes the identity, if it is new, and the contacts, if something of them is not written yet. Nothing to do for a
   * passing profile.
   */
  readonly keep: Effect.Effect<void, ProfileError>
  /**
   * We have taken this nickname too: from now on it leads here. `false` when it leads to a profile of its own, which
   * stays so. Nothing to do for a passing profile.
   */
  readonly called: (nick: Nickname) => Effect.Effect<boolean, ProfileError>
  /** Takes a new identity off the disk again, best effort: nobody has got to know it. */
  readonly discard: Effect.Effect<void>
}

/**
 * `Damaged`: a file is there and cannot be used; it is left as it is. `Exposed`: other users of the machine have access
 * to the identity. `Unavailable`: the store failed. `message` is one line for people, and names the file.
 *
 * @since 0.1.0
 */
export class ProfileError extends Data.TaggedError("ProfileError")<{
  readonly reason: "Damaged" | "Exposed" | "Unavailable"
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * Profiles in a `Store`: `profiles/<folder>/` with `identity`, `contacts`, `groups`, `settings.json`, `journal`,
 * `input`, `history/…`, `transfers/…` and `lock`. The folder is called as the nickname that it was made for, and found
 * by all that count as the same nickname, or were taken later: `names/<key>` says where their profile is, if it is not
 * in the folder `<key>`.
 *
 * @since 0.1.0
 */
export const layer: Layer.Layer<Profiles, never, Store | Entropy | Crypto> = Layer.effect(
  Profiles,
  Effect.gen(function* () {
    const services = { store: yield* Store, entropy: yield* Entropy, crypto: yield* Crypto }
    return { open: (nick) => open(services, nick) }
  })
)

interface Services {
  readonly store: Store["Type"]
  readonly entropy: Entropy["Type"]
  readonly crypto: Primitives
}

const open = (services: Services, nick: Nickname): Effect.Effect<Profile, ProfileError, Scope.Scope> =>
  Effect.gen(function* () {
    const { crypto, entropy, store } = services
    const place = yield* Effect.mapError(find(services, nick), unavailable)
    const folder = `profiles/${place.folder}`
    const location = `${store.location}/${folder}`
    const persistent = yield* Effect.mapError(lock(store, folder), unavailable)
    const identityFile = yield* Effect.mapError(store.readSecret(`${folder}/identity`), unavailable)
    const kept = Option.isSome(identityFile)
      ? yield* decodeSeed(crypto, identityFile.value, `${location}/identity`)
      : undefined
    const servers = yield* readServers(services, folder, location)
    const found = yield* readContacts(services, { folder, location, seed: kept })
    const groups = yield* readGroups(services, { folder, location, seed: kept })
    const preferences = yield* readPreferences(services, folder, location)
    const seed = (persistent ? kept : undefined) ?? entropy.bytes(Identity.SEED_BYTES)
    const isNew = kept === undefined
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const keep = keeping(services, { ...found, servers, groups, preferences, folder, seed, isNew, name: place.name })
    const rooms = persistent ? yield* openRooms(services, folder, seed, { contacts: found.contacts, groups }) : NO_ROOMS
    return {
      identity: Identity.fromSeed(crypto, seed),
      kept: kept === undefined ? undefined : Identity.fromSeed(crypto, kept),
      contacts: found.contacts,
      servers,
      groups: persistent ? groups : new Groups(),
      preferences,
      persistent,
      ...rooms,
      location,
      keep: persistent ? oneAtATime.withPermits(1)(keep) : Effect.void,
      called: (other) => (persistent ? Effect.mapError(call(services, other, place.folder), unavailable) : YES),
      discard: persistent && isNew ? oneAtATime.withPermits(1)(discarding(services, folder, place.name)) : Effect.void
    }
  })

const YES = Effect.succeed(true)

const discarding = ({ store }: Services, folder: string, name: string | undefined): Effect.Effect<void> =>
  Effect.ignore(
    Effect.zipRight(
      store.remove(`${folder}/identity`),
      name === undefined ? Effect.void : store.remove(`${NAMES}/${name}`)
    )
  )

interface ProfilePlace {
  readonly folder: string
  /** Whether there is a profile already. */
  readonly exists: boolean
  /** What leads there under `names`, where the folder alone would not be found. */
  readonly name: string | undefined
}

/** Where the profile of a nickname is, or is to be made. */
const find = ({ crypto, store }: Services, nick: Nickname): Effect.Effect<ProfilePlace, StoreError> =>
  Effect.gen(function* () {
    const key = folderOf(crypto, nick.key)
    const named = Option.map(yield* store.read(`${NAMES}/${key}`), (content) => Bytes.toText(content) ?? "")
    if (Option.isSome(named) && StoreName.isSegment(named.value))
      return { folder: named.value, exists: true, name: undefined }
    if (Option.isSome(yield* store.read(`profiles/${key}/identity`)))
      return { folder: key, exists: true, name: undefined }
    const folder = folderOf(crypto, nick.text.toLowerCase(), key)
    return { folder, exists: false, name: folder === key ? undefined : key }
  })

/** Lets the nickname lead to the profile in `folder`; `false` when it leads to another one. */
const call = (services: Services, nick: Nickname, folder: string): Effect.Effect<boolean, StoreError> =>
  Effect.gen(function* () {
    const place = yield* find(services, nick)
    if (place.exists || place.folder === folder) return place.folder === folder
    yield* services.store.write(`${NAMES}/${folderOf(services.crypto, nick.key)}`, Bytes.fromText(folder))
    return true
  })

/** Whether the profile is ours: no living process holds it. */
const lock = (store: Services["store"], folder: string): Effect.Effect<boolean, StoreError, Scope.Scope> =>
  store.lock(`${folder}/lock`).pipe(
    Effect.as(true),
    Effect.catchIf(
      ({ reason }) => reason === "Locked",
      () => Effect.succeed(false)
    )
  )

/** Writes what is not written yet. */
const keeping = (
  { crypto, entropy, store }: Services,
  profile: FoundContacts & {
    readonly servers: ServerPins
    readonly groups: Groups
    readonly preferences: Preferences
    readonly folder: string
    readonly seed: Uint8Array
    readonly isNew: boolean
    readonly name: string | undefined
  }
): Effect.Effect<void, ProfileError> => {
  const { contacts, folder, groups, preferences, seed, servers } = profile
  const secret = Identity.contactsSecret(crypto, seed)
  let { isNew, isOld } = profile
  let written = contacts.revision
  let serversWritten = servers.revision
  let groupsWritten = groups.revision
  let preferencesWritten = preferences.revision
  return Effect.gen(function* () {
    if (isNew) {
      if (profile.name !== undefined)
        yield* store.write(`${NAMES}/${profile.name}`, Bytes.fromText(folder.slice("profiles/".length)))
      yield* store.write(`${folder}/identity`, Bytes.fromText(Identity.encodeFile(crypto, seed)))
      isNew = false
    }
    if (servers.revision !== serversWritten) {
      const { revision } = servers
      yield* store.write(`${folder}/${KNOWN_SERVERS}`, Bytes.fromText(servers.encode()))
      serversWritten = revision
    }
    if (preferences.revision !== preferencesWritten) {
      const { revision } = preferences
      yield* store.write(`${folder}/${SETTINGS}`, Bytes.fromText(preferences.encode()))
      preferencesWritten = revision
    }
    if (groups.revision !== groupsWritten) {
      const { revision } = groups
      yield* store.write(`${folder}/${GROUPS}`, GroupsFile.encode(crypto, secret, entropy.bytes(SALT_BYTES), groups))
      groupsWritten = revision
    }
    if (contacts.revision === written && !isOld) return
    const { revision } = contacts
    const sealed = yield* inSlices(ContactsFile.encode(crypto, secret, entropy.bytes(SALT_BYTES), contacts))
    yield* store.write(`${folder}/${CONTACTS}`, sealed)
    written = revision
    if (isOld) yield* store.remove(`${folder}/${KNOWN_PEERS}`)
    isOld = false
  }).pipe(Effect.mapError(unavailable))
}

const openRooms = (
  { crypto, entropy, store }: Services,
  folder: string,
  seed: Uint8Array,
  { contacts, groups }: { readonly contacts: Contacts; readonly groups: Groups }
) =>
  Effect.gen(function* () {
    const secret = Identity.journalSecret(crypto, seed)
    const shared = { crypto, entropy, store }
    return {
      journal: yield* MessageJournal.open({ ...shared, secret, name: `${folder}/journal` }),
      history: yield* History.open({
        ...shared,
        secret: Identity.historySecret(crypto, seed),
        folder: `${folder}/history`,
        asked: () => [...contacts.asked(), ...groups.all().map(({ id }) => id)]
      }),
      input: yield* InputFile.open({
        ...shared,
        secret: Identity.historySecret(crypto, seed),
        name: `${folder}/${INPUT}`
      }),
      transfers: yield* TransferStore.open({ ...shared, secret, folder: `${folder}/transfers` })
    }
  })

/** Of a passing profile. */
const NO_ROOMS = { journal: undefined, history: undefined, input: undefined, transfers: undefined }

const unavailable = (cause: StoreError): ProfileError =>
  new ProfileError({
    reason: cause.reason === "Exposed" ? "Exposed" : "Unavailable",
    message: `your profile: ${cause.message}`,
    cause
  })

const decodeSeed = (crypto: Primitives, content: Uint8Array, path: string): Effect.Effect<Uint8Array, ProfileError> =>
  Either.mapLeft(
    Identity.decodeFile(crypto, Bytes.toText(content) ?? ""),
    (cause) =>
      new ProfileError({
        reason: "Damaged",
        message: `${path}: ${cause.message} To start with a new identity instead, move it and the file contacts beside it away; people who know you will see a changed key.`,
        cause
      })
  )

const readServers = ({ store }: Services, folder: string, location: string): Effect.Effect<ServerPins, ProfileError> =>
  Effect.gen(function* () {
    const content = yield* Effect.mapError(store.readSecret(`${folder}/${KNOWN_SERVERS}`), unavailable)
    if (Option.isNone(content)) return ServerPins.empty()
    const servers = ServerPins.decode(Bytes.toText(content.value) ?? "")
    if (servers !== undefined) return servers
    return yield* new ProfileError({
      reason: "Damaged",
      message: `${location}/${KNOWN_SERVERS}: this is no list of at most ${MAX_SERVERS} known servers. Repair it, or move it away to trust every server afresh.`
    })
  })

const readPreferences = (
  { store }: Services,
  folder: string,
  location: string
): Effect.Effect<Preferences, ProfileError> =>
  Effect.gen(function* () {
    const content = yield* Effect.mapError(store.read(`${folder}/${SETTINGS}`), unavailable)
    if (Option.isNone(content)) return Preferences.empty()
    const preferences = Preferences.decode(Bytes.toText(content.value) ?? "")
    if (preferences !== undefined) return preferences
    return yield* new ProfileError({
      reason: "Damaged",
      message: `${location}/${SETTINGS}: this is no list of at most ${MAX_SETTINGS} settings. Repair it, or move it away to have everything as it comes.`
    })
  })

const SETTINGS = "settings.json"
const KNOWN_SERVERS = "known-servers.json"

interface FoundContacts {
  readonly contacts: Contacts
  /** Whether a `known-peers.json` is there, whose place the contacts take. */
  readonly isOld: boolean
}

/**
 * Whom the profile knows. A `known-peers.json` counts only where there are no contacts yet: beside them it is what a
 * crash has left of taking it over, or somebody has put it there.
 */
const readContacts = (
  { crypto, store }: Services,
  profile: { readonly folder: string; readonly location: string; readonly seed: Uint8Array | undefined }
): Effect.Effect<FoundContacts, ProfileError> =>
  Effect.gen(function* () {
    const { folder, location, seed } = profile
    const old = yield* Effect.mapError(store.read(`${folder}/${KNOWN_PEERS}`), unavailable)
    const file = yield* Effect.mapError(store.read(`${folder}/${CONTACTS}`), unavailable)
    if (Option.isSome(file)) {
      const contacts = seed && ContactsFile.decode(crypto, Identity.contactsSecret(crypto, seed), file.value)
      if (contacts !== undefined) return { contacts, isOld: Option.isSome(old) }
      return yield* damaged(`${location}/${CONTACTS}: ${UNSEALED}`)
    }
    if (Option.isNone(old)) return { contacts: new Contacts(), isOld: false }
    const contacts = ContactsFile.decodeKnownPeers(Bytes.toText(old.value) ?? "")
    if (contacts !== undefined) return { contacts, isOld: true }
    return yield* damaged(
      `${location}/${KNOWN_PEERS}: this is no list of known peers. Repair it, or move it away to meet everybody afresh.`
    )
  })

const readGroups = (
  { crypto, store }: Services,
  profile: { readonly folder: string; readonly location: string; readonly seed: Uint8Array | undefined }
): Effect.Effect<Groups, ProfileError> =>
  Effect.gen(function* () {
    const { folder, location, seed } = profile
    const file = yield* Effect.mapError(store.read(`${folder}/${GROUPS}`), unavailable)
    if (Option.isNone(file)) return new Groups()
    const groups = seed && GroupsFile.decode(crypto, Identity.contactsSecret(crypto, seed), file.value)
    if (groups !== undefined) return groups
    return yield* damaged(
      `${location}/${GROUPS}: this list of your groups is damaged, was changed by somebody else, or belongs to another identity. Restore it from a backup, or move it away to be in no group.`
    )
  })

const damaged = (message: string): ProfileError => new ProfileError({ reason: "Damaged", message })

const GROUPS = "groups"
/** What was typed. */
const INPUT = "input"
const CONTACTS = "contacts"
/** What the contacts were kept in by earlier versions. */
const KNOWN_PEERS = "known-peers.json"

const UNSEALED =
  "this list of the people you know is damaged, was changed by somebody else, or belongs to another identity. It was " +
  "left as it is: restore it (and the file identity beside it) from a backup, or move it away to meet everybody " +
  "afresh; then nobody is known, verified or blocked."

/**
 * A file name for a nickname or its key: the word itself where it is plain ASCII, else `otherwise`, or `_` and the
 * hash. Those cannot meet, because a plain word never starts with `_`.
 */
const folderOf = (
  crypto: Primitives,
  word: string,
  otherwise = `_${Bytes.toHex(crypto.hash(16, [Bytes.fromText(word)]))}`
): string => (/^[a-z0-9][a-z0-9._-]{0,99}$/.test(word) ? word : otherwise)

const NAMES = "names"

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { type Profile, Profiles } from "../client/Profile.js"
import type { Contact, Contacts } from "../core/client/Contacts.js"
import { keyInfoOf } from "../core/client/KeyInfo.js"
import type { PersonKey } from "../core/client/People.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import * as PairNumber from "../domain/PairNumber.js"
import { identityKeyOf, type PeerId, peerIdOf } from "../domain/PeerId.js"
import * as SafeText from "../domain/SafeText.js"
import { Crypto } from "../services/Crypto.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import type { ContactsSettings, KeySettings } from "./commands/Contacts.js"
import { ExitCode } from "./ExitCode.js"
import * as Event from "./json/Event.js"
import { ProgramError } from "./ProgramError.js"
import * as KeyTexts from "./terminal/KeyTexts.js"
import * as Palette from "./terminal/Palette.js"

/**
 * `parley contacts`: whom a nickname of ours knows, and what is decided about them, without a server. A client that
 * runs under the nickname has the profile: then it can be looked at, and whoever wants to change something says so
 * there.
 */
export const run = (
  settings: ContactsSettings
): Effect.Effect<void, ProgramError | TerminalClosed, Profiles | Crypto | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { action, json, who } = settings
      const terminal = yield* Terminal
      const crypto = yield* Crypto
      const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const { own, profile } = yield* open(settings.nick)
      const { contacts } = profile
      const describe = (contact: Contact): PersonKey => describeContact(contacts, contact)
      const write = (event: Event.Event, lines: ReadonlyArray<string>) =>
        terminal.write(json ? Event.encode(event) : lines.map((line) => `${line}\n`).join(""))

      if (action === "list") {
        const all = contacts.all().map(describe).sort(byNick)
        if (settings.names) return yield* terminal.write(all.map(({ nick }) => `${SafeText.line(nick)}\n`).join(""))
        return yield* write({ event: "contacts", contacts: all }, KeyTexts.contacts(all, now, PLAIN))
      }
      const found = find(contacts, who)
      if (action === "show") {
        if (found === undefined) return yield* stranger(who)
        const pairNumber = PairNumber.of(crypto, own, found.identity)
        const person = { ...describe(found), pairNumber }
        const { columns } = terminal.size()
        const screen = { columns, colors: false, drawn: terminal.interactive }
        return yield* write({ event: "key", ...person }, [
          ...KeyTexts.person(person, false, now, PLAIN),
          ...KeyTexts.pair(person.nick, pairNumber, PLAIN, {
            ...screen,
            verify: `parley contacts verify ${who} DIGITS`
          })
        ])
      }
      if (!profile.persistent) return yield* inUse(settings.nick, action)
      const problem = yield* Effect.sync(() => decide(contacts, found, settings, { crypto, own, now }))
      if (problem !== undefined) return yield* problem
      yield* Effect.mapError(profile.keep, ({ message }) => new ProgramError({ message }))
      yield* write({ event: "ok", cmd: action }, [`* ${DONE[action](SafeText.line(who, Nickname.MAX_NICK))}`])
    })
  )

/** `parley key`: the fingerprint of one's own key. */
export const runKey = ({
  json,
  nick
}: KeySettings): Effect.Effect<void, ProgramError | TerminalClosed, Profiles | Crypto | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { write } = yield* Terminal
      const crypto = yield* Crypto
      const { name, own: peer } = yield* open(nick)
      const fingerprint = Fingerprint.of(crypto, identityKeyOf(peer))
      const own = { event: "key", nick: name, fingerprint, trust: "verified", blocked: false } as const
      yield* write(json ? Event.encode(own) : `${fingerprint}\n`)
    })
  )

/** The profile of a nickname that there is one of, whoever has it now. */
const open = (nick: string): Effect.Effect<Opened, ProgramError, Profiles | Scope.Scope> =>
  Effect.gen(function* () {
    const name = Nickname.parse(nick)
    if (Either.isLeft(name))
      return yield* new ProgramError({ message: `the nickname ${name.left}`, exitCode: ExitCode.usage })
    const profiles = yield* Profiles
    const profile = yield* Effect.mapError(profiles.open(name.right), ({ message }) => new ProgramError({ message }))
    const identity = profile.kept
    if (identity === undefined)
      return yield* new ProgramError({
        message: `there is no profile of ${name.right.text} yet (${profile.location}): parley client --nick ${name.right.text} makes one`
      })
    return { profile, own: peerIdOf(identity.signKeys.publicKey), name: name.right.text }
  })

interface Opened {
  readonly profile: Profile
  readonly own: PeerId
  readonly name: string
}

const describeContact = (contacts: Contacts, contact: Contact): PersonKey => {
  const { fingerprint, identity: peer, lastTalked, nick, verifiedAt } = contact
  return {
    nick,
    ...keyInfoOf(contacts, { fingerprint, nick, peer }),
    ...(verifiedAt === undefined ? {} : { verifiedAt }),
    ...(lastTalked === undefined ? {} : { lastTalked }),
    blocked: contacts.isBlocked(peer, fingerprint)
  }
}

const byNick = (one: PersonKey, other: PersonKey): number =>
  Nickname.key(one.nick) < Nickname.key(other.nick) ? -1 : 1

/** Whose the nickname is, or who was called so last; or whose whole fingerprint it is. */
const find = (contacts: Contacts, who: string): Contact | undefined => {
  const fingerprint = Fingerprint.parse(who)
  if (fingerprint !== undefined) return contacts.byFingerprint(fingerprint)
  const key = Nickname.key(who)
  return contacts.owner(who) ?? contacts.all().find(({ nick }) => Nickname.key(nick) === key)
}

type Change = Exclude<ContactsSettings["action"], "list" | "show">

/** Does what is said about somebody; why it cannot be done, if it cannot. */
const decide = (
  contacts: Contacts,
  found: Contact | undefined,
  { action, digits, who }: ContactsSettings,
  { crypto, now, own }: { readonly crypto: Crypto["Type"]; readonly own: PeerId; readonly now: number }
): ProgramError | undefined => {
  const fingerprint = Fingerprint.parse(who)
  if (found === undefined && action === "block" && fingerprint !== undefined)
    return contacts.blockKey(fingerprint) ? undefined : new ProgramError({ message: "too many keys are blocked" })
  if (action === "unblock" && fingerprint !== undefined && contacts.unblockKey(fingerprint)) return undefined
  if (found === undefined) return stranger(who)
  switch (action) {
    case "verify": {
      const wanted = Fingerprint.digitsOf(digits)
      const pair = PairNumber.of(crypto, own, found.identity).replaceAll(" ", "")
      if (wanted === undefined || !(Fingerprint.beginsWith(found.fingerprint, wanted) || wanted === pair))
        return new ProgramError({
          message: `the key of ${who} is ${found.fingerprint}, which is not what you compared: nothing was verified`,
          exitCode: ExitCode.refused
        })
      contacts.update(found.identity, { verifiedAt: now })
      return undefined
    }
    case "unverify":
      contacts.update(found.identity, { verifiedAt: undefined, disputed: false })
      return undefined
    case "block":
      contacts.update(found.identity, { blockedAt: now, consented: false })
      return undefined
    case "unblock":
      contacts.update(found.identity, { blockedAt: undefined })
      return undefined
    default:
      contacts.forget(found.identity)
      return undefined
  }
}

const DONE: Readonly<Record<Change, (name: string) => string>> = {
  verify: (name) => `${name} is verified`,
  unverify: (name) => `${name} is not verified any more`,
  block: (name) => `${name} is blocked`,
  unblock: (name) => `${name} is blocked no longer`,
  forget: (name) => `${name} is forgotten`
}

const stranger = (who: string): ProgramError =>
  new ProgramError({
    message: `you know nobody called ${who}; name a whole fingerprint to mean a key`,
    exitCode: ExitCode.noSuchPeer
  })

const inUse = (nick: string, action: string): ProgramError =>
  new ProgramError({ message: `a parley runs as ${nick} now: say /${action} there, or end it first` })

const PLAIN = Palette.make(false)

import * as Nickname from "../../domain/Nickname.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type * as Control from "../../protocol/Control.js"
import { MAX_MEMBERS } from "../../protocol/GroupRecord.js"
import type { SendRefusal } from "../peer/chat/Conversation.js"
import type { Introduced } from "../peer/Peers.js"
import {
  BadMessage,
  Blocked,
  Busy,
  type ClientError,
  Closed,
  KeyChanged,
  NickInvalid,
  NickReserved,
  NickTaken,
  NoKey,
  NoNetwork,
  NoSuchGroup,
  NoSuchKey,
  NoSuchPeer,
  NotAccepting,
  NotConnected,
  NotJoined,
  NotRegistered,
  NotThisServer,
  OutboxFull,
  Profile,
  Protocol,
  type QueryError,
  RateLimited,
  ReadReceiptsOff,
  type ServerError,
  ServerNotTrusted,
  ServerUnreachable,
  Unauthorized,
  UnexpectedKey,
  Yourself
} from "./ClientError.js"
import { MAX_CONTACTS } from "./Contacts.js"
import type { ClientEvent } from "./Events.js"
import { MAX_JOINED } from "./groups/Groups.js"
import type { Owner } from "./KeyChange.js"

/** The refusals of server, machine and own rules as errors for people: one line each, with what to do next. */

export const ofRefusal = (refusal: Control.Refusal): ServerError => {
  switch (refusal._tag) {
    case "NickTaken":
      return new NickTaken({
        message: withHint(refusal.message, suggest(refusal.suggestions)),
        suggestions: refusal.suggestions,
        byOurselves: false
      })
    case "NickInvalid":
      return new NickInvalid({ message: refusal.message })
    case "NickReserved":
      return new NickReserved({ message: refusal.message })
    case "NotRegistered":
      return new NotRegistered({ message: refusal.message })
    case "NoSuchPeer":
      return noSuchPeer(refusal.message)
    case "NotAccepting":
      return new NotAccepting({ message: refusal.message })
    case "Busy":
      return new Busy({ message: refusal.message })
    case "Unauthorized":
      return new Unauthorized({ message: refusal.message })
    case "NotThisServer":
      return new NotThisServer({
        message: withHint(
          refusal.message,
          "if it was never called that, you have reached another server than you meant"
        )
      })
    case "RateLimited":
      return new RateLimited({
        message: /try again/i.test(refusal.message)
          ? refusal.message
          : withHint(refusal.message, `try again in ${Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))} s`),
        retryAfterMs: refusal.retryAfterMs
      })
    case "TooLarge":
    case "Malformed":
    case "Unsupported":
      return protocol(`the server did not understand us (is it of another version?): ${refusal.message}`)
  }
}

export const ofSendRefusal = (refusal: SendRefusal, nick: string): NotConnected | BadMessage | OutboxFull => {
  switch (refusal._tag) {
    case "NotConsented":
      return notConnected(nick)
    case "BadLength":
      return new BadMessage({ message: `a message has between 1 byte and ${MAX_MESSAGE / 1024} KiB` })
    case "OutboxFull":
      return new OutboxFull({ message: `too much is waiting for ${nick}; wait until some of it is delivered` })
  }
}

export const notConnected = (nick: string): NotConnected =>
  new NotConnected({ message: groupAsPerson(nick) ?? `ask for ${nick} first (query ${nick}), then write` })

/** Somebody of whose key nothing is known. */
export const stranger = (who: string): NoSuchPeer =>
  noSuchPeer(
    groupAsPerson(who) ?? `you know nobody called ${who}: ask for them first (query), or name a whole fingerprint`
  )

/** What to say where a group is named and a person is wanted, if it is: no nickname begins so. */
const groupAsPerson = (nick: string): string | undefined =>
  nick.startsWith("#") ? `${nick} is a group, and this is for one person: name one who is in it` : undefined

export const keyChanged = (nick: string, owner: Owner, offered: string): KeyChanged => {
  const { fingerprint: known, verified } = owner
  const what =
    Nickname.key(owner.nick) === Nickname.key(nick)
      ? `the key of ${nick} has changed from ${known} to ${offered}`
      : `${nick} looks like ${owner.nick}, whose key is ${known}, and has the key ${offered}`
  const posing = `somebody may be posing as ${owner.nick}; ask ${owner.nick} by another way which is right`
  return new KeyChanged({
    message: `${what}: ${posing}${verified ? ". You had verified the known one, so nothing goes to either until you decide" : ""}`,
    change: { known, offered, verified }
  })
}

/** A verified key, and another one under its nickname, about which our user has not decided yet. */
export const undecided = (nick: string, known: string, offered: string | undefined): KeyChanged =>
  new KeyChanged({
    message: `nothing goes to ${nick}, whose key you had verified (${known}): another key was shown under that name${
      offered === undefined ? "" : ` (${offered})`
    }; ask ${nick} by another way which is right`,
    change: { known, ...(offered === undefined ? {} : { offered }), verified: true }
  })

export const unexpectedKey = (nick: string, expected: string, offered: string): UnexpectedKey =>
  new UnexpectedKey({
    message: `${nick} has the key ${offered}, not the expected ${expected}`,
    expected,
    offered
  })

export const noSuchKey = (message: string): NoSuchKey => new NoSuchKey({ message })

export const blocked = (nick: string): Blocked =>
  new Blocked({
    message: `you have blocked ${nick}: /unblock ${nick}, or parley contacts unblock ${nick}, takes it back`
  })

export const noKey = (nick: string, why: string): NoKey => new NoKey({ message: `${nick} cannot be talked to: ${why}` })

export const unreachable = (message: string): ServerUnreachable => new ServerUnreachable({ message })

export const notTrusted = (message: string): ServerNotTrusted => new ServerNotTrusted({ message })

export const unauthorized = (message: string): Unauthorized => new Unauthorized({ message })

export const protocol = (message: string): Protocol => new Protocol({ message })

export const closed = (): Closed => new Closed({ message: "this client has left" })

export const noSuchPeer = (message: string): NoSuchPeer => new NoSuchPeer({ message })

export const yourself = (nick: string): Yourself => new Yourself({ message: `${nick} is you` })

export const notRegistered = (): NotRegistered =>
  new NotRegistered({ message: "you have no nickname yet: take one first" })

/** `fault` is what follows "the nickname". */
export const nickInvalid = (fault: string): NickInvalid => new NickInvalid({ message: `the nickname ${fault}` })

/** A nickname is taken by another program on this machine that uses our own profile. */
export const takenByOurselves = (nick: string, suggestions: ReadonlyArray<string>): NickTaken =>
  new NickTaken({
    message: `the nickname ${nick} is in use by another parley of yours: leave it there, or take another nickname`,
    suggestions,
    byOurselves: true
  })

/** Why an introduction was not taken. */
export const notTaken = (reason: Exclude<Introduced, "Taken">, nick: string): QueryError => {
  switch (reason) {
    case "Ourselves":
      return yourself(nick)
    case "OtherPeer":
      return protocol(`the server takes ${nick} for somebody else whom you talk to; ask again later`)
    case "NoRoom":
      return new Busy({ message: "too many conversations are open; leave one first" })
    case "Blocked":
      return blocked(nick)
  }
}

export const tooManyPolicies = (nick: string): Busy =>
  new Busy({ message: `too many nicknames have a path of their own already; ${nick} got none` })

export const tooManyWatched = (nick: string): Busy =>
  new Busy({ message: `too many nicknames are watched already; ${nick} is not` })

export const contactsFull = (nick: string): Busy =>
  new Busy({ message: `the key of ${nick} cannot be remembered: you know ${MAX_CONTACTS} people already; forget some` })

export const noSuchGroup = (which: string): NoSuchGroup =>
  new NoSuchGroup({ message: `you are in no group called ${which}, and were added to none` })

export const notJoined = (name: string): NotJoined =>
  new NotJoined({ message: `you have not joined #${name}: join it, which asks for everybody in it` })

export const tooManyGroups = (): Busy =>
  new Busy({ message: `you are in ${MAX_JOINED} groups, which is as many as there can be: leave one first` })

export const groupFull = (name: string): Busy =>
  new Busy({ message: `a group has at most ${MAX_MEMBERS} people, you included: #${name} would have more` })

export const noSuchMember = (nick: string, name: string): NoSuchPeer =>
  new NoSuchPeer({ message: `there is no ${nick} in #${name}` })

export const nobodyInGroup = (name: string): NotConnected =>
  new NotConnected({ message: `there is nobody in #${name} whom you have asked for: join it to ask for everybody` })

/** `fault` is what follows "a name". */
export const groupNameInvalid = (fault: string): NickInvalid =>
  new NickInvalid({ message: `a group is called like a person, and this name ${fault}` })

export const groupTooLong = (most: number): BadMessage =>
  new BadMessage({ message: `a message to a group has 1 to ${most} bytes of text` })

export const outboxesFull = (name: string): OutboxFull =>
  new OutboxFull({ message: `too many messages wait for everybody in #${name}; wait until some are delivered` })

export const profileFailed = (message: string): Profile => new Profile({ message })

export const readReceiptsOff = (): ReadReceiptsOff =>
  new ReadReceiptsOff({ message: "others are told what was read only with --read-receipts" })

/** The reader of our events is so far behind that nothing should be sent that causes more of them. */
export const eventsUnread = (): OutboxFull =>
  new OutboxFull({ message: "nobody reads this client's events; read some first" })

export const noNetwork = (message: string): NoNetwork => new NoNetwork({ message })

/** What nobody waits for: told as an event. `nick` is the one that it is about, if it is about one. */
export const failed = (error: ClientError, nick?: string): ClientEvent => ({
  _tag: "Failed",
  code: error._tag,
  message: error.message,
  ...(nick === undefined ? {} : { nick }),
  ...(error._tag === "KeyChanged" ? { change: error.change } : {})
})

const suggest = (nicks: ReadonlyArray<string>): string => (nicks.length === 0 ? "" : `free: ${nicks.join(", ")}`)

const withHint = (message: string, hint: string): string => (hint === "" ? message : `${message} (${hint})`)

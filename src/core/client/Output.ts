import type { GroupId } from "../../domain/GroupId.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { Nickname } from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { HistoryEntry } from "../history/HistoryEntry.js"
import type { PeerEvent } from "../peer/PeerEvent.js"
import { Fifo } from "../support/Fifo.js"
import type { ClientError } from "./ClientError.js"
import type { ClientEvent } from "./Events.js"
import type { GroupName } from "./groups/GroupInfo.js"

/**
 * What the parts of a client have for its driver: what the user is told, answers to the user's calls, what is to be
 * remembered, and wishes for what only a driver can do. The driver drains all of it after every call, so nothing here
 * grows beyond what one input causes.
 */
export class Output {
  readonly #events = new Fifo<ClientOutput>()
  readonly #answers: Array<Answered> = []
  readonly #history = new Fifo<HistoryNote>()
  readonly #wishes: Array<Wish> = []
  #nextTicket = 0

  /**
   * `remembers`: whether anything is kept of what is said. Asked before a note is made, since with one for each message
   * it would be a tenth of what a message costs.
   */
  constructor(readonly remembers = true) {}

  /** For a call of the user that is answered later. */
  ticket<A, E extends ClientError>(): Ticket<A, E> {
    return this.#nextTicket++ as Ticket<A, E>
  }

  tell(event: ClientEvent): void {
    this.#events.push({ _tag: "Told", event, message: undefined })
  }

  /** Tells of something whose showing is to be confirmed with `ClientMachine.shown`. */
  show(event: ClientEvent, message: UnreadMessage): void {
    this.#events.push({ _tag: "Told", event, message })
  }

  /** Passes on what concerns only the driver's own rooms, in its place among the other events. */
  pass(event: PassedEvent): void {
    this.#events.push(event)
  }

  answer<A, E extends ClientError>(ticket: Ticket<A, E>, result: A | E): void {
    this.#answers.push({ ticket, result })
  }

  remember(note: HistoryNote): void {
    if (this.remembers) this.#history.push(note)
  }

  wish(wish: Wish): void {
    this.#wishes.push(wish)
  }

  pollEvent(): ClientOutput | undefined {
    return this.#events.shift()
  }

  pollAnswer(): Answered | undefined {
    return this.#answers.shift()
  }

  pollHistory(): HistoryNote | undefined {
    return this.#history.shift()
  }

  pollWish(): Wish | undefined {
    return this.#wishes.shift()
  }
}

/** Stands for a call of the user until it is answered with an `A` or an error. */
export type Ticket<A, E = unknown> = number & { readonly ticketOf?: A; readonly failsWith?: E }

export interface Answered {
  readonly ticket: Ticket<unknown>
  readonly result: unknown
}

export type ClientOutput =
  | {
      readonly _tag: "Told"
      readonly event: ClientEvent
      /** The message whose showing is to be confirmed, with an event of that kind. */
      readonly message: UnreadMessage | undefined
    }
  | PassedEvent

/** What the driver's own rooms hear: that of streams, and what ends them. */
export type PassedEvent =
  | Extract<PeerEvent, { readonly _tag: `Stream${string}` | "Mutual" | "Disconnected" }>
  /** The first registration: the profile that was opened last is ours for good. */
  | { readonly _tag: "Started" }
  /** The server has ended it for good: `close` is to be called with this, after what the driver has to end first. */
  | { readonly _tag: "Ending"; readonly reason: "replaced" | "refused"; readonly message: string }

export interface UnreadMessage {
  readonly peer: PeerId
  readonly nick: string
  readonly id: MessageId
  readonly text: string
  /** As in the event. */
  readonly writtenAt?: number
  /** The group that it was said in. */
  readonly group?: GroupName
  /** It is no text of a person, but tells what became of a group. */
  readonly isNotice?: true
}

/** What belongs into the history of one conversation. */
export type HistoryNote =
  /** There will be something to keep. */
  | { readonly _tag: "Begins"; readonly peer: PeerId }
  | { readonly _tag: "Keep"; readonly peer: PeerId | GroupId; readonly entry: HistoryEntry }

/** A server by its number, and whether the link to it is to be encrypted. */
export interface Dialled {
  readonly server: number
  readonly encrypted: boolean
}

/** What only a driver can do; each says which call of the machine tells how it went. */
export type Wish =
  /** Connect to one of these servers, the preferred ones first: `handleConnected` or `handleDisconnected`. */
  | { readonly _tag: "Dial"; readonly servers: ReadonlyArray<Dialled> }
  /** See whether one of these servers greets, the preferred ones first: `handleFound` with the first that does. */
  | { readonly _tag: "Look"; readonly servers: ReadonlyArray<Dialled> }
  /** Open the profile of this nickname and have it on disk: `profileOpened` or `profileFailed`. */
  | { readonly _tag: "OpenProfile"; readonly nick: Nickname }
  /**
   * Let go of the profile that was opened last, and of what is new of it unless somebody may know it by now:
   * `profileDropped`.
   */
  | { readonly _tag: "DropProfile"; readonly mayBeKnown: boolean }
  /** Let this nickname, which was taken besides, lead to the profile from now on. Nothing is told of it. */
  | { readonly _tag: "NameProfile"; readonly nick: Nickname }
  /** Write what is new in the profile. Nothing is told of it. */
  | { readonly _tag: "KeepProfile" }
  /** Read this machine's addresses: `handleAddresses`. */
  | { readonly _tag: "ReadAddresses" }
  /** Look up this STUN server: `handleResolved`. */
  | { readonly _tag: "Resolve"; readonly server: number }
  /** Look up all addresses of the server's name: `handleServerResolved`. */
  | { readonly _tag: "ResolveServer" }
  /** Have our IPv4 port forwarded by the router, from now on: `handleForwarded`, each time that changes. */
  | { readonly _tag: "ForwardPort" }
  /** The router may be another one: it is to be asked anew. */
  | { readonly _tag: "RenewForwarding" }
  /** Open UDP sockets for IPv4 under these numbers: `handleOpened`. */
  | { readonly _tag: "OpenSockets"; readonly sockets: ReadonlyArray<number> }
  /** Close these again. Nothing is told of it. */
  | { readonly _tag: "CloseSockets"; readonly sockets: ReadonlyArray<number> }
  /** Announce this name on the local network: `handleLanFound`, `handleLanGone`, or `handleLanFailed`. */
  | { readonly _tag: "JoinLan"; readonly name: string }

import * as Effect from "effect/Effect"
import { ClientError } from "../../core/client/ClientError.js"
import type { Conversation, Conversations } from "../../core/client/Conversations.js"
import {
  DEFAULT_LIMIT,
  type HistoryPage,
  type HistoryQuery,
  MAX_LIMIT,
  MAX_SEARCH
} from "../../core/history/HistoryPage.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { StoreError } from "../../services/Store.js"
import type * as Time from "../../services/Time.js"
import type { EventQueue } from "../EventQueue.js"
import type { Self } from "../Self.js"
import type { History, Whose } from "./History.js"

/** Keeps what happens in the conversations of one client, if that is wanted, and looks it up in terms of nicknames. */
export class Remembrance {
  constructor(
    /** Without it nothing is kept, and nothing is looked at. */
    private readonly wanted: boolean,
    private readonly self: Self,
    private readonly conversations: Conversations,
    private readonly events: EventQueue,
    private readonly time: Time.Time
  ) {}

  /** There is a profile from now on. */
  start(): void {
    this.history?.attach((message) => this.events.offer({ _tag: "Failed", code: "History", message }))
  }

  /** A conversation that we have asked for begins: there will be something to keep. */
  begins(peer: PeerId): void {
    this.history?.prepare(peer)
  }

  /** A message of ours was accepted. */
  sent({ nick, peer }: Conversation, id: MessageId, text: string): void {
    this.history?.write(peer, { _tag: "Sent", id, at: this.time.wall(), nick, text })
  }

  /** A message of theirs was shown. */
  received({ nick, peer }: Conversation, id: MessageId, text: string): void {
    this.history?.write(peer, { _tag: "Received", id, at: this.time.wall(), nick, text })
  }

  confirmed(peer: PeerId, id: MessageId, how: "Delivered" | "Read"): void {
    this.history?.write(peer, { _tag: how, id })
  }

  find({ before, limit = DEFAULT_LIMIT, nick, search = "" }: HistoryQuery): Effect.Effect<HistoryPage, ClientError> {
    const words = search.split(/\s+/).filter((word) => word !== "")
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
      return new ClientError({ code: "History", message: `the limit is a whole number from 1 to ${MAX_LIMIT}` })
    if (search.length > MAX_SEARCH)
      return new ClientError({ code: "History", message: `search for ${MAX_SEARCH} characters at most` })
    return this.use((history) =>
      history.read(this.whose(nick), { limit, words, ...(before === undefined ? {} : { before }) })
    )
  }

  /** Forgets what was said with a nickname, or everything. */
  clear(nick: string | undefined): Effect.Effect<void, ClientError> {
    return this.use((history) => history.clear(this.whose(nick)))
  }

  private get history(): History | undefined {
    return this.wanted ? this.self.profile?.history : undefined
  }

  private use<A>(act: (history: History) => Effect.Effect<A, StoreError>): Effect.Effect<A, ClientError> {
    return Effect.suspend(() => {
      const { history } = this
      if (history !== undefined)
        return Effect.mapError(act(history), ({ message }) => new ClientError({ code: "History", message }))
      if (this.self.profile === undefined)
        return new ClientError({
          code: "NotRegistered",
          message: "register a nickname first: each has its own history"
        })
      return new ClientError({
        code: "HistoryOff",
        message: this.wanted ? "there is no history for a passing identity" : "history is off this time (--no-history)"
      })
    })
  }

  /**
   * A nickname stands for whoever we talk to under it, else for the key that we know, else for all who were last called
   * so.
   */
  private whose(nick: string | undefined): Whose {
    if (nick === undefined) return undefined
    const peer = this.conversations.byNick(nick)?.peer ?? this.self.profile?.pins.get(Nickname.key(nick))?.identity
    return peer === undefined ? { nick } : { peer }
  }
}

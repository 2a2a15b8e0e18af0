import * as Effect from "effect/Effect"
import type { HistoryError } from "../../core/client/ClientError.js"
import * as ClientErrors from "../../core/client/ClientError.js"
import type { Conversations } from "../../core/client/Conversations.js"
import type { HistoryNote } from "../../core/client/Output.js"
import {
  DEFAULT_LIMIT,
  type HistoryPage,
  type HistoryQuery,
  MAX_LIMIT,
  MAX_SEARCH
} from "../../core/history/HistoryPage.js"
import type { InputLine } from "../../core/history/InputLines.js"
import * as Nickname from "../../domain/Nickname.js"
import type { StoreError } from "../../services/Store.js"
import type { EventQueue } from "../EventQueue.js"
import type { Profile } from "../Profile.js"
import type { History, Whose } from "./History.js"
import type { InputFile } from "./InputFile.js"

/** Keeps what happens in the conversations of one client, if that is wanted, and looks it up in terms of nicknames. */
export class Remembrance {
  constructor(
    /** Without it nothing is kept, and nothing is looked at. */
    private readonly wanted: boolean,
    /** Where the profile is, from the first registration on. */
    private readonly keeper: { readonly profile: Profile | undefined },
    private readonly conversations: Conversations,
    private readonly events: EventQueue,
    /** Has the machine say what is to be remembered of what was sent just now. */
    private readonly settle: () => void
  ) {}

  /** There is a profile from now on. */
  start(): void {
    this.#history?.attach((message) => this.events.offer({ _tag: "Failed", code: "History", message }))
  }

  /** Keeps what the machine says is to be remembered. */
  note(note: HistoryNote): void {
    if (note._tag === "Begins") this.#history?.prepare(note.peer)
    else this.#history?.write(note.peer, note.entry)
  }

  find({ before, limit = DEFAULT_LIMIT, nick, search = "" }: HistoryQuery): Effect.Effect<HistoryPage, HistoryError> {
    const words = search.split(/\s+/).filter((word) => word !== "")
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
      return new ClientErrors.History({ message: `the limit is a whole number from 1 to ${MAX_LIMIT}` })
    if (search.length > MAX_SEARCH)
      return new ClientErrors.History({ message: `search for ${MAX_SEARCH} characters at most` })
    return this.#use((history) =>
      history.read(this.#whose(nick), { limit, words, ...(before === undefined ? {} : { before }) })
    )
  }

  /** Forgets what was said with a nickname, and typed for it, or everything. */
  clear(nick: string | undefined): Effect.Effect<void, HistoryError> {
    const key = nick === undefined ? undefined : Nickname.key(nick)
    return Effect.zipRight(
      this.#use((history) => history.clear(this.#whose(nick))),
      Effect.suspend(() => this.#input?.clear(key) ?? Effect.void)
    )
  }

  /** What was typed, in this and earlier runs; nothing where nothing is kept. */
  get typed(): Effect.Effect<ReadonlyArray<InputLine>> {
    return Effect.suspend(() => this.#input?.lines ?? Effect.succeed([]))
  }

  /** Keeps a line that was typed, if that is wanted. */
  keepTyped(line: InputLine): Effect.Effect<void> {
    return Effect.suspend(() => this.#input?.add(line) ?? Effect.void)
  }

  get #input(): InputFile | undefined {
    return this.wanted ? this.keeper.profile?.input : undefined
  }

  get #history(): History | undefined {
    return this.wanted ? this.keeper.profile?.history : undefined
  }

  #use<A>(act: (history: History) => Effect.Effect<A, StoreError>): Effect.Effect<A, HistoryError> {
    return Effect.suspend((): Effect.Effect<A, HistoryError> => {
      const history = this.#history
      this.settle()
      if (history !== undefined)
        return Effect.mapError(act(history), ({ message }) => new ClientErrors.History({ message }))
      if (this.keeper.profile === undefined)
        return new ClientErrors.NotRegistered({
          message: "you have no nickname yet, and each has its own history: take one first"
        })
      return new ClientErrors.HistoryOff({
        message: this.wanted
          ? "nothing is kept this time: another parley of yours uses this nickname"
          : "history is off this time (--no-history)"
      })
    })
  }

  /**
   * A nickname stands for whoever we talk to under it, else for the key that we know, else for all who were last called
   * so; `#NAME` for the group.
   */
  #whose(nick: string | undefined): Whose {
    if (nick === undefined) return undefined
    if (nick.startsWith("#")) {
      const group = this.keeper.profile?.groups.byLabel(nick.slice(1))
      return group === undefined ? { nick } : { peer: group.id }
    }
    const peer = this.conversations.byNick(nick)?.peer ?? this.keeper.profile?.contacts.owner(nick)?.identity
    return peer === undefined ? { nick } : { peer }
  }
}

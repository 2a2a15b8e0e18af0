import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { ClientApi } from "../../client/Client.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Terminal, TerminalClosed } from "../../services/Terminal.js"
import { ProgramError } from "../ProgramError.js"
import type { ChatModel } from "./ChatModel.js"
import { isSpoken } from "./commands/Table.js"
import type { TypedAhead } from "./TypedAhead.js"
import type { Ui } from "./Ui.js"

/** How the person gets a nickname, and how they can give up while the server does not answer. */
export interface Registration {
  /** Asks for a nickname. Succeeds when there is one, or when the person has been told why it cannot be had. */
  readonly register: (nick: string) => Effect.Effect<void, TerminalClosed | ProgramError>
  /** Waits for the first nickname. */
  readonly first: Effect.Effect<void>
  /** The client has a nickname, and the screen says so. */
  readonly registered: () => boolean
  /** The link to the server is gone. */
  readonly serverLost: Effect.Effect<void>
  /** A nickname was asked for, and the server does not answer. */
  readonly stranded: () => boolean
  /**
   * The person wants to leave without a nickname: at once when the server does not answer, else as soon as it turns out
   * that it does not.
   */
  readonly leave: Effect.Effect<void>
}

export const make = ({
  ahead,
  chat,
  client,
  terminal,
  ui
}: {
  readonly ahead: TypedAhead
  readonly chat: ChatModel
  readonly client: ClientApi
  readonly terminal: Terminal["Type"]
  readonly ui: Ui
}): Effect.Effect<Registration> =>
  Effect.map(Deferred.make<void>(), (registered) => {
    let stranded = false
    let leaving = false
    let isRegistered = false
    const leaveIfStranded = Effect.suspend(() => (leaving && stranded ? client.exit() : Effect.void))

    const trying = <A, E>(nick: string, attempt: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.acquireUseRelease(
        Effect.sync(() => chat.awaiting(nick)),
        () => Effect.zipRight(Effect.ignore(ui.print([])), attempt),
        () =>
          Effect.sync(() => {
            stranded = false
            chat.awaiting(undefined)
          })
      )

    /** A pipe cannot be asked for another nickname, and its next lines were written for this one. */
    const refused = (message: string, told: () => ReadonlyArray<string>) =>
      Effect.suspend(
        (): Effect.Effect<void, TerminalClosed | ProgramError> =>
          chat.choosing && !terminal.inputIsTty
            ? new ProgramError({ message: SafeText.line(message) })
            : ui.print(told())
      )

    const register = (nick: string): Effect.Effect<void, TerminalClosed | ProgramError> =>
      Effect.matchEffect(trying(nick, client.register(nick)), {
        // The next line may need the nickname, so it waits until the screen shows that there is one.
        onSuccess: () => Deferred.await(registered),
        onFailure: (error) => {
          // Whoever leaves meanwhile knows it, and what was typed for later is not obeyed any more.
          if (error._tag === "Closed") return Effect.never
          ahead.refused(ui.begun())
          return refused(error.message, () =>
            error._tag === "NickTaken"
              ? chat.taken(nick, error.suggestions, error.byOurselves ? error.message : undefined)
              : chat.failed(error._tag, error.message)
          )
        }
      })

    return {
      register: (nick) =>
        isSpoken(nick)
          ? refused(`${nick} ${A_COMMAND}`, () => chat.taken(nick, [], `${nick} ${A_COMMAND}`))
          : register(nick),
      first: Deferred.await(registered),
      registered: () => {
        const first = !isRegistered
        isRegistered = true
        Deferred.unsafeDone(registered, Effect.void)
        return first
      },
      serverLost: Effect.suspend(() => {
        stranded = chat.isAwaiting && chat.choosing
        return leaveIfStranded
      }),
      stranded: () => stranded,
      leave: Effect.suspend(() => {
        leaving = true
        return leaveIfStranded
      })
    }
  })

/** What others would see as a word for the program, they could type by mistake. */
const A_COMMAND = "is a command of this program, so nobody is called that here"

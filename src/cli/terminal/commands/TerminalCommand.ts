import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientApi } from "../../../client/Client.js"
import type { ClientError } from "../../../core/client/ClientError.js"
import type { Terminal, TerminalClosed } from "../../../services/Terminal.js"
import { nearest } from "../../Nearest.js"
import type { ProgramError } from "../../ProgramError.js"
import type { ChatModel } from "../ChatModel.js"
import type { Leaving } from "../Leaving.js"
import type { Palette } from "../Palette.js"
import type { Ui } from "../Ui.js"
import type { Printed } from "../Wrap.js"

/** A command of the terminal client: all there is to say of it, in one place. */
interface Description<A> {
  /** What people type, in any case. The help knows the first name only. */
  readonly names: readonly [string, ...ReadonlyArray<string>]
  /** What it, or what comes next to it, is called in irssi, weechat and their kin: what is meant, but no name of it. */
  readonly elsewhere?: ReadonlyArray<string>
  /** What to type, for the help, and for people who have typed something else. */
  readonly usage: string
  /** For the second of these where `usage` says too little. */
  readonly reminder?: string
  /** What it does, a few words; a command without them is not in the help. */
  readonly help?: string
  /** The first name is a command without a slash too, when so many words stand behind it and nothing else. */
  readonly bare?: number
  /** What the first word behind the name is. */
  readonly wants?: Wanted
  /** What the second word can be, where the first one is this and has a few. */
  readonly wantsThen?: (first: string) => ReadonlyArray<string>
  /** The name alone is something that people say to each other: without a slash it is said. */
  readonly isSpeech?: true
  /** It makes sense before there is a nickname. */
  readonly anonymous?: true
  /** What stands behind the name, without blanks around it; `undefined` where that is not what the command wants. */
  readonly parse: (argument: string) => A | undefined
  /** The words behind the name as they may have been meant, where they are not what the command wants. */
  readonly meant?: (words: ReadonlyArray<string>) => string | undefined
  readonly run: (argument: A, context: Context) => Outcome
}

/** What stands behind a command: a nickname, a path, the name of a command, any word, or one of these words. */
export type Wanted = "nick" | "path" | "command" | "word" | ReadonlyArray<string>

export type Outcome = Effect.Effect<void, TerminalClosed | ProgramError>

/** A command whatever it wants to be told: `read` gives what was understood and what is to be done then. */
export interface TerminalCommand extends Omit<Description<never>, "parse" | "run"> {
  readonly read: (
    argument: string
  ) => { readonly argument: unknown; readonly run: (context: Context) => Outcome } | undefined
}

export const make = <A>({ parse, run, ...description }: Description<A>): TerminalCommand => ({
  ...description,
  read: (text) => {
    const argument = parse(text)
    return argument === undefined ? undefined : { argument, run: (context) => run(argument, context) }
  }
})

/** Takes whatever stands behind a command that wants nothing. */
export const nothing = (): null => null

/** Takes nothing at all: what stands behind may name another conversation than the one that would end. */
export const alone = (argument: string): null | undefined => (argument === "" ? null : undefined)

/** One word, such as a nickname. */
export const word = (argument: string): string | undefined =>
  argument === "" || /\s/.test(argument) ? undefined : argument

/** One word, or none, which means the conversation in focus. */
export const optionalWord = (argument: string): { readonly nick: string | undefined } | undefined =>
  argument === "" ? { nick: undefined } : /\s/.test(argument) ? undefined : { nick: argument }

/** The words with this one spelt as the choice that it looks like, if it is none of them and looks like one. */
export const respelt = (
  words: ReadonlyArray<string>,
  at: number,
  choices: ReadonlyArray<string>
): string | undefined => {
  const typed = words[at]
  if (typed === undefined || choices.includes(typed.toLowerCase())) return undefined
  const near = nearest(typed, choices)
  return near === undefined ? undefined : words.with(at, near).join(" ")
}

/** What commands work with. */
export interface Context {
  readonly client: ClientApi
  readonly chat: ChatModel
  readonly ui: Ui
  readonly terminal: Terminal["Type"]
  readonly palette: Palette
  readonly leaving: Leaving
  /** Lives as long as the program. */
  readonly scope: Scope.Scope
  /** When the program began: what is older is history. */
  readonly started: number
  /** That a message was sent must be shown before what becomes of it. */
  readonly ordered: Effect.Semaphore
  readonly register: (nick: string) => Outcome
  /** The folder that `~` means. */
  readonly home: string | undefined
}

/** Prints a remark of the program. */
export const remark = ({ chat, ui }: Context, text: string): Outcome => ui.print([chat.remark(text)])

/** Asks something of the client and shows what comes of it, or why it failed; `nick` is whom it was about. */
export const attempt = <A>(
  { chat, ui }: Pick<Context, "chat" | "ui">,
  call: Effect.Effect<A, ClientError>,
  show: (result: A) => ReadonlyArray<Printed>,
  nick?: string
): Outcome =>
  Effect.matchEffect(call, {
    onSuccess: (result) => Effect.suspend(() => ui.print(show(result))),
    onFailure: (error) => ui.print(chat.failed(...failureOf(error, nick)))
  })

/** What `ChatModel.failed` wants to know of an error, which may be about somebody. */
export const failureOf = (error: ClientError, nick?: string): Parameters<ChatModel["failed"]> => [
  error._tag,
  error.message,
  nick,
  error._tag === "KeyChanged" ? error.change : undefined
]

import type { ClientErrorCode } from "../core/client/ClientError.js"

/**
 * How commands end, for scripts. Documented in docs/operating.md and in the help of the commands that use all of them.
 */
export const ExitCode = {
  /** All went well; for `send` and the file commands: delivered. */
  ok: 0,
  /** Something failed; one line on standard error says what. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Nobody is registered under the nickname asked for. */
  noSuchPeer: 3,
  /** Not delivered in the time given. */
  timeout: 4,
  /** Declined by the other side, or its key is not the one known or expected. */
  refused: 5,
  /** Ended by Ctrl-C (128 and the number of SIGINT, as shells have it). */
  interrupted: 130
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** One way to end, as help tells of it. */
export interface Exit {
  readonly code: ExitCode
  readonly meaning: string
}

export const exitOf = (name: keyof typeof ExitCode, meaning: string): Exit => ({ code: ExitCode[name], meaning })

const FAILURES = [
  exitOf("failure", "failure; one line on standard error says of what"),
  exitOf("usage", "the command line is wrong")
]

/** Of commands that do their work or fail. */
export const PLAIN_EXITS: ReadonlyArray<Exit> = [exitOf("ok", "all went well"), ...FAILURES]

/** Of those that bring something to somebody. */
export const DELIVERY_EXITS: ReadonlyArray<Exit> = [
  exitOf("ok", "delivered"),
  ...FAILURES,
  exitOf("noSuchPeer", "nobody has that nickname"),
  exitOf("timeout", "not delivered in time"),
  exitOf("refused", "refused: declined, or the key of the other side is not the one known or expected"),
  exitOf("interrupted", "interrupted (Ctrl-C)")
]

/** How a command ends that an error of the client ended. */
export const ofClientError = (code: ClientErrorCode): ExitCode => CLIENT_ERRORS[code] ?? ExitCode.failure

/** What is not in here is a failure. */
const CLIENT_ERRORS: Readonly<Partial<Record<ClientErrorCode, ExitCode>>> = {
  NoSuchPeer: ExitCode.noSuchPeer,
  KeyChanged: ExitCode.refused,
  UnexpectedKey: ExitCode.refused,
  Blocked: ExitCode.refused,
  NotAccepting: ExitCode.refused,
  NoKey: ExitCode.refused,
  Yourself: ExitCode.usage,
  NickInvalid: ExitCode.usage,
  BadMessage: ExitCode.usage
}

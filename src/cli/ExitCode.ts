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

/** For the help of a command, one line. */
export const EXIT_CODES =
  "Exit codes: 0 delivered, 1 failure, 2 wrong usage, 3 nobody has that nickname, 4 not delivered in time, 5 refused (declined, or the peer's key is not the one known or expected), 130 interrupted"

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

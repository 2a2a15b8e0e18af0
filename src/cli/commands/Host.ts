import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Environment, UserFolders } from "../../domain/UserFolders.js"
import type { ExitCode } from "../ExitCode.js"
import type { Machine } from "../Machine.js"

/** The process that a command runs in. */
export interface Host {
  readonly env: Environment
  readonly folders: UserFolders
  /** Loads what the programs stand on; asked for only when one of them starts. */
  readonly machine: Effect.Effect<Machine>
  /** What the process ends with if it ends by an interruption. */
  readonly setExitCode: (code: ExitCode) => void
  /**
   * What other users of the machine can do to a file: read it when it is `secret`, or change it; a sentence with what
   * to type against it, or `undefined`. Nothing can be said of a file that is not there.
   */
  readonly exposure: (path: string, secret: boolean) => Effect.Effect<string | undefined>
  /**
   * As long as the scope lives, a hang-up (SIGHUP) runs this instead of ending the process, unless its terminal has
   * gone.
   */
  readonly onHangUp: (run: Effect.Effect<void>) => Effect.Effect<void, never, Scope.Scope>
}

import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EngineAnswer, EngineCall, LogEntry } from "../protocol/SharedNames.js"

/**
 * The store that several nodes keep their names in: `protocol/SharedNames` says what it does. Each call is one atomic
 * step, in the order in which this node has made them. What it writes down may be lost when it fails over to a replica;
 * its clock is the only one that counts for what it keeps.
 */
export class NameEngine extends Context.Tag("parley/services/NameEngine")<
  NameEngine,
  {
    /**
     * `done` is called exactly once, never before the call returns; with `undefined` when it is not known whether
     * anything has happened, at the latest after `CALL_MS`.
     */
    readonly call: (call: EngineCall, done: (answer: EngineAnswer | undefined) => void) => void
    /**
     * Hands over what the log has behind `after` (where an `Entered` or an entry said it was), and what comes, until it
     * is called off or the connection breaks. The caller sees by `n` when something is missing.
     */
    readonly follow: (after: string, handle: (entries: ReadonlyArray<LogEntry>) => void) => () => void
    /** Calls `handle` with the state, and with each change of it, as long as the scope lives. */
    readonly watch: (handle: (state: EngineState) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>() {}

export type EngineState =
  /** `primary` is another one after a restart or a fail-over: then what was written last may be lost. */
  { readonly _tag: "Up"; readonly primary: string } | { readonly _tag: "Down"; readonly message: string }

/** ms after which a call counts as unanswered. */
export const CALL_MS = 3_000

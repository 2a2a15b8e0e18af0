import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Nickname } from "../domain/Nickname.js"
import type { Claim, Registration, SessionId, Whereabouts } from "../domain/Registration.js"
import type { RefusalBody } from "../protocol/ControlCodec.js"

/**
 * Who has which nickname, for all sessions of all nodes that share the registry. Law 1 is kept here: a nickname has at
 * most one owner, and one that is bound to an identity goes to that identity alone. A nickname clashes with every other
 * that has the same `key` or the same `lookalike`, so a claim is one atomic step over both.
 *
 * An answer comes by callback, exactly once, and before the call returns when it is at hand: a registry in memory costs
 * no fiber and no promise. What a registry that is elsewhere cannot tell for now is `Unavailable`. It keeps the names
 * of a node's sessions for as long as its own scope lives (one lease for the node, not one for each session), and holds
 * them for their owners when the node dies.
 *
 * Nodes answer from a copy of their own that `subscribe` keeps, so that nobody waits for the registry but who claims.
 */
export class Registry extends Context.Tag("parley/services/Registry")<
  Registry,
  {
    /**
     * Gives the session the nickname in place of the one it has, or changes nothing. The events of a claim that was
     * granted have been handed to the subscribers when `done` is called.
     */
    readonly claim: (claim: Claim, done: (answer: ClaimAnswer) => void) => void
    /**
     * The session is over: its nickname is held for its owner (`hold`), or free at once. Never lost: a registry that is
     * away is told when it is back, before anything else. No effect for a session without a nickname.
     */
    readonly release: (session: SessionId, hold: boolean) => void
    /** The owner is there from now on. No effect for a session without a nickname. */
    readonly update: (session: SessionId, where: Whereabouts) => void
    /**
     * The living owner of the nickname of this key, from the one place that knows: for a name that the copy does not
     * have, because its owner came a moment ago on another node.
     */
    readonly find: (key: string, done: (answer: FindAnswer) => void) => void
    /**
     * Calls `handle` with every change, in the order of the claims, as long as the scope lives: first with an `Owned`
     * for each living owner there is. Called synchronously; must not throw.
     */
    readonly subscribe: (handle: (event: RegistryEvent) => void) => Effect.Effect<void, never, Scope.Scope>
    /**
     * The nickname, and one that looks like it, is kept for nobody any more; whether it was. Who has it now keeps it as
     * long as it is in use.
     */
    readonly forget: (nickname: Nickname, done: (answer: boolean | Unavailable) => void) => void
    /** Whether a nickname is kept for this identity (its key) whether or not it is here, as far as this node knows. */
    readonly knows: (identity: string) => boolean
    /** Nicknames in use and held, as far as this node knows. */
    readonly names: () => number
    /**
     * Whether claims can be answered now, as far as this node knows; otherwise they are `Unavailable`, while sessions,
     * conversations and what is carried between them go on.
     */
    readonly reachable: () => boolean
  }
>() {}

export type ClaimAnswer =
  | { readonly _tag: "Claimed"; readonly registration: Registration }
  /** By the law or a limit: what the client is told. */
  | { readonly _tag: "Refused"; readonly refusal: RefusalBody }
  | Unavailable

export type FindAnswer =
  | { readonly _tag: "Found"; readonly registration: Registration }
  | { readonly _tag: "Nobody" }
  | Unavailable

/** Nothing is known about what happened; may be tried again. `message` is for people. */
export interface Unavailable {
  readonly _tag: "Unavailable"
  readonly message: string
}

/**
 * `version`: of the presence after the change, where the registry counts it for all its nodes; it never falls, and may
 * leave numbers out.
 */
export type RegistryEvent =
  /** The nickname has this owner: one who came, or whose session or whereabouts changed. */
  | { readonly _tag: "Owned"; readonly registration: Registration; readonly version?: number }
  /** Nobody living has the nickname of this key any more. */
  | { readonly _tag: "Freed"; readonly key: string; readonly version?: number }
  /** The session's nickname was taken by its owner from elsewhere: the session is over, and is to be released. */
  | { readonly _tag: "Replaced"; readonly session: SessionId }
  /** Changes were missed: everything known so far is void, and an `Owned` for each living owner follows. */
  | { readonly _tag: "Reset" }

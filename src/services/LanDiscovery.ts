import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../domain/Endpoint.js"

/**
 * Finds other parleys on the local network, which no server knows of. IPv4.
 *
 * @since 0.1.0
 */
export class LanDiscovery extends Context.Tag("parley/services/LanDiscovery")<
  LanDiscovery,
  {
    /**
     * Announces `name` at UDP `port` of this machine and tells of the others, in the background, for as long as the
     * scope lives; closing the scope takes the announcement back. Our own announcement may be among those found.
     */
    readonly join: (options: JoinOptions) => Effect.Effect<void, LanDiscoveryError, Scope.Scope>
  }
>() {}

/**
 * As what to announce ourselves, and who is told of the others.
 *
 * @since 0.1.0
 */
export interface JoinOptions {
  /** Lower-case letters and digits, at most 63. */
  readonly name: string
  readonly port: number
  /**
   * Called when an announcement is heard: a new one, the same again, or the same name at another endpoint. Anybody can
   * announce anything. Must not throw.
   */
  readonly onFound: (name: string, endpoint: Endpoint) => void
  /** Called when the owner of an announcement said goodbye, or the announcement has run out. Must not throw. */
  readonly onLost: (name: string) => void
}

/** Names known at a time, enough for a conference; announcements beyond them are not told. */
export const MAX_ANNOUNCED = 512

/**
 * Why the local network cannot be listened to.
 *
 * @since 0.1.0
 */
export class LanDiscoveryError extends Data.TaggedError("LanDiscoveryError")<{
  /** `PortTaken`: another program keeps the port of multicast DNS to itself. */
  readonly reason: "PortTaken" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}

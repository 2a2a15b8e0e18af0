import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../domain/Endpoint.js"

/** Finds other parleys on the local network, which no server knows of. IPv4. */
export class LanDiscovery extends Context.Tag("parley/services/LanDiscovery")<
  LanDiscovery,
  {
    /**
     * Announces `name` at UDP `port` of this machine and tells of the others, in the background, for as long as the
     * scope lives; closing it takes the announcement back. Our own announcement may be among what is found.
     */
    readonly join: (options: JoinOptions) => Effect.Effect<void, LanDiscoveryError, Scope.Scope>
  }
>() {}

export interface JoinOptions {
  /** Lower-case letters and digits, at most 63. */
  readonly name: string
  readonly port: number
  /**
   * Called when somebody is heard, also again and at another endpoint. Anybody can announce anything. Must not throw.
   */
  readonly onFound: (name: string, endpoint: Endpoint) => void
  /** Called when somebody said goodbye, or its announcement has run out. Must not throw. */
  readonly onLost: (name: string) => void
}

/** Names known at a time: a conference's worth; what is announced beyond it is not told. */
export const MAX_ANNOUNCED = 512

export class LanDiscoveryError extends Data.TaggedError("LanDiscoveryError")<{
  /** `PortTaken`: another program keeps the port of multicast DNS to itself. */
  readonly reason: "PortTaken" | "Other"
  readonly message: string
  readonly cause?: unknown
}> {}

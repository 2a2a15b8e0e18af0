import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../domain/Endpoint.js"

/** Asks the router of this network to let packets in: it forwards one of its UDP ports to us. IPv4. */
export class PortMapping extends Context.Tag("parley/services/PortMapping")<
  PortMapping,
  {
    /**
     * Has UDP `port` of this machine forwarded, and keeps it so in the background for as long as the scope lives;
     * closing it takes the forwarding back, in `UNMAPPING` ms at most. Never fails: a router that cannot do it, or
     * none, is nothing forwarded.
     */
    readonly forward: (options: ForwardOptions) => Effect.Effect<Forwarding, never, Scope.Scope>
  }
>() {}

export interface ForwardOptions {
  readonly port: number
  /**
   * Called with the endpoint that the router claims to forward from, and with `undefined` when it does no longer; also
   * again with the same. The router is believed nothing else: the endpoint may be of any kind. Must not throw.
   */
  readonly onExternal: (endpoint: Endpoint | undefined) => void
}

export interface Forwarding {
  /** This machine may be on another network now: the router is asked again at once. */
  readonly renew: () => void
}

/** Milliseconds: a router answers in a few; whoever ends a program does not wait for one that does not. */
export const UNMAPPING = 300

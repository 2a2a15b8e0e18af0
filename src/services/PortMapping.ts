import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint } from "../domain/Endpoint.js"

/**
 * Asks the router of this network to let packets in: it forwards one of its UDP ports to us. IPv4.
 *
 * @since 0.1.0
 */
export class PortMapping extends Context.Tag("parley/services/PortMapping")<
  PortMapping,
  {
    /**
     * Has UDP `port` of this machine forwarded, and keeps it so in the background for as long as the scope lives.
     * Closing the scope takes the forwarding back, within `UNMAPPING` ms. Never fails: where the router cannot do it,
     * or there is no router, nothing is forwarded and `onExternal` is not called.
     */
    readonly forward: (options: ForwardOptions) => Effect.Effect<Forwarding, never, Scope.Scope>
  }
>() {}

/**
 * What to have forwarded, and who is told where from.
 *
 * @since 0.1.0
 */
export interface ForwardOptions {
  readonly port: number
  /**
   * Called with the endpoint that the router claims to forward from, and with `undefined` when it no longer does; the
   * same endpoint may be told again. It is the router's word, unchecked: any endpoint at all may stand there. Must not
   * throw.
   */
  readonly onExternal: (endpoint: Endpoint | undefined) => void
}

/**
 * A forwarding that is being kept up.
 *
 * @since 0.1.0
 */
export interface Forwarding {
  /** This machine may be on another network now: the router is asked again at once. */
  readonly renew: () => void
}

/** Milliseconds: a router answers within a few of them, and the end of a program must not wait for a silent one. */
export const UNMAPPING = 300

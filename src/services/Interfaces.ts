import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Family } from "../domain/Endpoint.js"

/**
 * This machine's own addresses, where host candidates (RFC 8445 §5.1.1) come from.
 *
 * @since 0.1.0
 */
export class Interfaces extends Context.Tag("parley/services/Interfaces")<
  Interfaces,
  {
    /**
     * The unicast addresses of all interfaces that are up, loopback included, link-local IPv6 excluded. Never fails:
     * none when unknown.
     */
    readonly addresses: Effect.Effect<ReadonlyArray<InterfaceAddress>>
  }
>() {}

/**
 * An address of this machine.
 *
 * @since 0.1.0
 */
export interface InterfaceAddress {
  readonly family: Family
  readonly address: string
  readonly loopback: boolean
}

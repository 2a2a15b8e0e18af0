import type { Route } from "../Route.js"

/**
 * Which paths a conversation may take. `prefer-direct`: the relay until there is a direct path, and whenever that
 * fails. `direct-only`: never the relay. `relay-only`: nothing but the relay, so that the peer does not learn our
 * addresses: we tell it none, and send no probes to its own.
 *
 * @since 0.1.0
 */
export const POLICIES = ["prefer-direct", "direct-only", "relay-only"] as const
/** @since 0.1.0 */
export type Policy = (typeof POLICIES)[number]

export const permits = (policy: Policy, route: Route): boolean => policy !== FORBIDS[route._tag]

const FORBIDS = { Direct: "relay-only", Relay: "direct-only" } as const

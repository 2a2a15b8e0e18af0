import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Forwarding } from "../services/PortMapping.js"
import { PortMapping } from "../services/PortMapping.js"
import type { Driver } from "./Driver.js"

/** Our UDP port as the router forwards it; nothing without a router that does. */
export interface PortForwarding {
  /** The router is asked, for as long as this runs, and the machine told of what it grants. */
  readonly forward: (port: number) => Effect.Effect<void>
  /** The router may be another one: it is asked anew. */
  readonly renew: () => void
}

export const make = ({ drive }: Driver): Effect.Effect<PortForwarding> =>
  Effect.gen(function* () {
    const mapping = Option.getOrUndefined(yield* Effect.serviceOption(PortMapping))
    let forwarding: Forwarding | undefined
    return {
      forward: (port) =>
        mapping === undefined
          ? Effect.void
          : mapping
              .forward({
                port,
                onExternal: (endpoint) => drive((machine, now) => machine.handleForwarded(endpoint, now))
              })
              .pipe(
                Effect.flatMap((started) => {
                  forwarding = started
                  return Effect.never
                }),
                Effect.scoped
              ),
      renew: () => forwarding?.renew()
    }
  })

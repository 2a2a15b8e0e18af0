import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Endpoint from "../../domain/Endpoint.js"
import { type ForwardOptions, PortMapping } from "../../services/PortMapping.js"

/** A router in memory, which forwards from the endpoint that a test says. */
export class Router {
  readonly #forwarded = new Set<ForwardOptions>()
  #external: Endpoint.Endpoint | undefined
  /** How often it was asked again. */
  renewals = 0

  readonly layer: Layer.Layer<PortMapping> = Layer.succeed(PortMapping, {
    forward: (options) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          this.#forwarded.add(options)
          this.#tell(options)
        }),
        () => Effect.sync(() => this.#forwarded.delete(options))
      ).pipe(
        Effect.as({
          renew: () => {
            this.renewals++
            this.#tell(options)
          }
        })
      )
  })

  constructor(external?: Endpoint.Endpoint) {
    this.#external = external
  }

  /** The ports that are forwarded now. */
  get ports(): ReadonlyArray<number> {
    return [...this.#forwarded].map(({ port }) => port)
  }

  /** From now on it forwards from here; `undefined`: from nowhere. */
  become(external: Endpoint.Endpoint | undefined): void {
    this.#external = external
    for (const options of this.#forwarded) this.#tell(options)
  }

  #tell(options: ForwardOptions): void {
    queueMicrotask(() => {
      if (this.#forwarded.has(options)) options.onExternal(this.#external)
    })
  }
}

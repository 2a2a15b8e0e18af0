import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Endpoint from "../../domain/Endpoint.js"
import { type JoinOptions, LanDiscovery } from "../../services/LanDiscovery.js"

/** One local network in memory: whoever joins hears of all others in a later microtask. */
export class Lan {
  readonly #members = new Map<JoinOptions, string>()

  /** The service of one machine, which the others reach at `address`. */
  layer(address: string): Layer.Layer<LanDiscovery> {
    return Layer.succeed(LanDiscovery, {
      join: (options) =>
        Effect.acquireRelease(
          Effect.sync(() => this.#join(options, address)),
          () => Effect.sync(() => this.#leave(options))
        ).pipe(Effect.asVoid)
    })
  }

  #join(options: JoinOptions, address: string): void {
    this.#members.set(options, address)
    for (const [other, at] of this.#members) {
      this.#tell(options, other, at)
      if (other !== options) this.#tell(other, options, address)
    }
  }

  #leave(options: JoinOptions): void {
    this.#members.delete(options)
    for (const other of this.#members.keys()) queueMicrotask(() => other.onLost(options.name))
  }

  #tell(listener: JoinOptions, { name, port }: JoinOptions, address: string): void {
    const endpoint = Endpoint.make(address, port)
    if (endpoint !== undefined) queueMicrotask(() => listener.onFound(name, endpoint))
  }
}

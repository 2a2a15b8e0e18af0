import type { Endpoint, Family } from "../../domain/Endpoint.js"

/** What a socket is bound to. Without an address it is bound to all addresses of its families. */
export interface Binding {
  readonly families: ReadonlyArray<Family>
  readonly address: string | undefined
  readonly port: number
}

/** The ports of one host and one protocol: who is bound where. Two sockets never share an address and port. */
export class Ports<Owner> {
  readonly #bound = new Map<number, Array<Binding & { readonly owner: Owner }>>()
  #ephemeral = FIRST_EPHEMERAL

  /** Binds `owner`; port 0 chooses one. Returns the port, or `undefined` when it is in use (or none is left). */
  bind(binding: Binding, owner: Owner): number | undefined {
    const port = binding.port === 0 ? this.choose(binding) : binding.port
    if (port === undefined || this.#clashes({ ...binding, port })) return undefined
    const list = this.#bound.get(port) ?? []
    list.push({ ...binding, port, owner })
    this.#bound.set(port, list)
    return port
  }

  release(port: number, owner: Owner): void {
    const rest = (this.#bound.get(port) ?? []).filter((bound) => bound.owner !== owner)
    if (rest.length > 0) this.#bound.set(port, rest)
    else this.#bound.delete(port)
  }

  /** Who gets what is sent to this endpoint. */
  find(to: Endpoint): Owner | undefined {
    return this.#bound
      .get(to.port)
      ?.find(({ families, address }) => families.includes(to.family) && (address ?? to.address) === to.address)?.owner
  }

  /** The next ephemeral port (RFC 6335 §6) that nobody is bound to. */
  choose(binding: Omit<Binding, "port">): number | undefined {
    for (let tries = FIRST_EPHEMERAL; tries <= LAST_PORT; tries++) {
      const port = this.#ephemeral
      this.#ephemeral = port === LAST_PORT ? FIRST_EPHEMERAL : port + 1
      if (!this.#clashes({ ...binding, port })) return port
    }
    return undefined
  }

  #clashes({ families, address, port }: Binding): boolean {
    return (this.#bound.get(port) ?? []).some(
      (bound) =>
        bound.families.some((family) => families.includes(family)) &&
        (bound.address === undefined || address === undefined || bound.address === address)
    )
  }
}

const FIRST_EPHEMERAL = 49_152
const LAST_PORT = 65_535

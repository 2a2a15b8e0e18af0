import * as Endpoint from "../../domain/Endpoint.js"
import * as ServerName from "../../domain/ServerName.js"

/** How a client's connection arrived. */
export interface Arrival {
  readonly local: Endpoint.Endpoint
  readonly remote: Endpoint.Endpoint
}

/**
 * Under which names clients may mean this server (docs/protocol.md §1.5): a proof of identity names the server that its
 * client has dialled, and one that names another server has been passed on by that one.
 *
 * Known are the names that the operator gives, with a port or for the port that the client came to and the one that the
 * server is known by; the names that the machine has for itself; the address that the client came to; and `localhost`
 * for whoever comes from this machine.
 * Nothing is looked up: whoever owns a name decides what its look-up says, to each who asks.
 */
export class ServerNames {
  readonly #hosts = new Set<string>()
  readonly #names = new Set<string>()
  /** By which people know the server, whatever port they come to where that one is blocked. */
  port: number | undefined

  /** `HOST` or `HOST:PORT` each, as people write them; IPv6 with a port in brackets. */
  constructor(names: ReadonlyArray<string>) {
    this.add(names)
  }

  add(names: ReadonlyArray<string>): void {
    for (const name of names) {
      const literal = Endpoint.make(name.replace(/^\[(.*)\]$/, "$1"), 0)
      const [, host, port] = (literal === undefined && /^(.*):([0-9]+)$/.exec(name)) || []
      if (host === undefined) this.#hosts.add(ServerName.plainHost(literal?.address ?? name))
      else this.#names.add(ServerName.of(host.replace(/^\[(.*)\]$/, "$1"), Number(port)))
    }
  }

  /** Whether the client that came so, and has dialled `name`, means this server. */
  includes(name: string, { local, remote }: Arrival): boolean {
    if (this.#ports(local).some((port) => name === Endpoint.format({ ...local, port }))) return true
    if (this.#names.has(name)) return true
    const dialled = ServerName.parse(name)
    if (dialled === undefined || !this.#ports(local).includes(dialled.port)) return false
    return this.#hosts.has(dialled.host) || (dialled.host === "localhost" && Endpoint.scope(remote) === "loopback")
  }

  /** What the operator would have to add for a name that is not known, as it is typed; `undefined` for no name. */
  missing(name: string, { local }: Arrival): string | undefined {
    const dialled = ServerName.parse(name)
    if (dialled === undefined) return undefined
    return this.#ports(local).includes(dialled.port) ? dialled.host : name
  }

  #ports(local: Endpoint.Endpoint): ReadonlyArray<number> {
    return this.port === undefined ? [local.port] : [local.port, this.port]
  }
}

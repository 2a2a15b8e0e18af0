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
 * Known are the names that the operator gives, with a port or for the port that the client came to; the names that the
 * machine has for itself; the address that the client came to; and `localhost` for whoever comes from this machine.
 * Nothing is looked up: whoever owns a name decides what its look-up says, to each who asks.
 */
export class ServerNames {
  readonly #hosts = new Set<string>()
  readonly #names = new Set<string>()

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
    if (name === Endpoint.format(local) || this.#names.has(name)) return true
    const dialled = ServerName.parse(name)
    if (dialled === undefined || dialled.port !== local.port) return false
    return this.#hosts.has(dialled.host) || (dialled.host === "localhost" && Endpoint.scope(remote) === "loopback")
  }

  /** What the operator would have to add for a name that is not known, as it is typed; `undefined` for no name. */
  missing(name: string, { local }: Arrival): string | undefined {
    const dialled = ServerName.parse(name)
    if (dialled === undefined) return undefined
    return dialled.port === local.port ? dialled.host : name
  }
}

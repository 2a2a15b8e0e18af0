import type { Dependency } from "../../../src/core/nat/Behaviour.js"
import { DEFAULT_LIMITS, Reflector, type ReflectorOptions } from "../../../src/core/rendezvous/Reflector.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"

/** An endpoint of a test; a text that is none is a mistake of the test's. */
export const at = (text: string): Endpoint.Endpoint => Endpoint.parse(text)!

export const SERVER = at("198.51.100.1:9090")
export const SERVER_SECOND_PORT = at("198.51.100.1:9091")
export const OTHER_SERVER = at("203.0.113.80:3478")
export const INNER = { first: at("192.168.1.2:40000"), second: at("192.168.1.2:40001") } as const

/** Bytes that differ with every call and repeat with every test. */
export const counting = (): ((length: number) => Uint8Array) => {
  let calls = 0
  return (length) => {
    calls++
    return Uint8Array.from({ length }, (_, index) => (index < 4 ? calls >>> (8 * index) : 7 * calls))
  }
}

export interface NatOptions {
  readonly mapping: Dependency
  readonly filtering: Dependency
  readonly hairpin?: boolean
  readonly keepsPort?: boolean
}

/** One NAT, as RFC 4787 describes it: written for clearness, and independent of the one in src/sim. */
export class Nat {
  readonly #mappings = new Map<
    string,
    { readonly inner: Endpoint.Endpoint; readonly port: number; readonly peers: Set<string> }
  >()
  #nextPort = 50_000
  address = "203.0.113.7"

  constructor(readonly options: NatOptions) {}

  /** Forgets everything and goes on with other ports, as after a power cut. */
  reboot(): void {
    this.#mappings.clear()
    this.#nextPort += 1_000
  }

  outbound(inner: Endpoint.Endpoint, to: Endpoint.Endpoint): Endpoint.Endpoint {
    const key = `${Endpoint.format(inner)} ${part(this.options.mapping, to)}`
    const mapping = this.#mappings.get(key) ?? {
      inner,
      port: this.options.keepsPort === true ? inner.port : this.#nextPort++,
      peers: new Set()
    }
    this.#mappings.set(key, mapping)
    mapping.peers.add(part(this.options.filtering, to))
    return { family: "ipv4", address: this.address, port: mapping.port }
  }

  inbound(from: Endpoint.Endpoint, port: number): Endpoint.Endpoint | undefined {
    for (const mapping of this.#mappings.values()) {
      if (mapping.port === port && mapping.peers.has(part(this.options.filtering, from))) return mapping.inner
    }
    return undefined
  }
}

const part = (dependency: Dependency, { address, port }: Endpoint.Endpoint): string =>
  dependency === "endpoint-independent" ? "" : dependency === "address-dependent" ? address : `${address} ${port}`

interface Machine {
  readonly handleTimeout: (now: number) => void
  readonly pollTimeout: () => number | undefined
}

export interface WorldOptions {
  /** None: the machine has its address on the internet. */
  readonly nat?: Nat
  /** What a machine without a NAT lets in. */
  readonly firewall?: Dependency
  readonly secondAddress?: boolean
  readonly blocked?: boolean
  /** Whether this packet, the how-many-eth of all, is lost. */
  readonly lost?: (packet: number) => boolean
}

/** A network of one client and two reflectors, with 10 ms each way and no clock of its own. */
export class World {
  now = 0
  /** Requests that arrived at a server. */
  requests = 0
  /** Every packet that a client sent. */
  sent: Array<{ readonly at: number; readonly to: Endpoint.Endpoint; readonly bytes: number }> = []
  blocked: boolean
  deaf = new Set<string>()
  #packets = 0
  #queue: Array<{ readonly at: number; readonly run: () => void }> = []
  readonly #clients = new Map<string, (from: Endpoint.Endpoint, data: Uint8Array, now: number) => void>()
  readonly #firewall: Nat | undefined
  readonly #main: Reflector
  readonly #other: Reflector
  readonly #mainAddresses: ReadonlyArray<string>

  constructor(readonly options: WorldOptions) {
    this.blocked = options.blocked ?? false
    // A firewall is a filter without translation: the model's filter, asked with the port that stays.
    this.#firewall =
      options.firewall === undefined
        ? undefined
        : new Nat({ mapping: "endpoint-independent", filtering: options.firewall, keepsPort: true })
    this.#mainAddresses = options.secondAddress === true ? [SERVER.address, "198.51.100.2"] : [SERVER.address]
    this.#main = reflector(this.#mainAddresses, [SERVER.port, SERVER_SECOND_PORT.port])
    this.#other = reflector([OTHER_SERVER.address], [OTHER_SERVER.port, 3479])
  }

  attach(local: Endpoint.Endpoint, receive: (from: Endpoint.Endpoint, data: Uint8Array, now: number) => void): void {
    this.#clients.set(Endpoint.format(local), receive)
  }

  send(local: Endpoint.Endpoint, to: Endpoint.Endpoint, data: Uint8Array): void {
    this.sent.push({ at: this.now, to, bytes: data.length })
    if (this.blocked || this.#isLost()) return
    const { nat } = this.options
    this.#firewall?.outbound(local, to)
    const outer = nat?.outbound(local, to) ?? local
    if (to.address === nat?.address) {
      if (nat.options.hairpin === true) this.#toClient(outer, to, data)
      return
    }
    this.#later(() => this.#toServer(outer, to, data))
  }

  /** Runs the machine until `done`, or until `until`. `drain` sends what it has and fetches its events. */
  run(machine: Machine, drain: () => void, until: number, done: () => boolean = () => false): void {
    drain()
    while (!done()) {
      const next = Math.min(
        machine.pollTimeout() ?? Number.POSITIVE_INFINITY,
        this.#queue[0]?.at ?? Number.POSITIVE_INFINITY
      )
      if (next > until) {
        if (until !== Number.POSITIVE_INFINITY) this.now = until
        return
      }
      this.now = Math.max(this.now, next)
      while (this.#queue[0] !== undefined && this.#queue[0].at <= this.now) this.#queue.shift()!.run()
      if ((machine.pollTimeout() ?? Number.POSITIVE_INFINITY) <= this.now) machine.handleTimeout(this.now)
      drain()
    }
  }

  #toServer(from: Endpoint.Endpoint, to: Endpoint.Endpoint, data: Uint8Array): void {
    if (this.deaf.has(Endpoint.format(to))) return
    const isOther = to.address === OTHER_SERVER.address
    const machine = isOther ? this.#other : this.#main
    const addresses = isOther ? [OTHER_SERVER.address] : this.#mainAddresses
    const ports = isOther ? [OTHER_SERVER.port, 3479] : [SERVER.port, SERVER_SECOND_PORT.port]
    const address = addresses.indexOf(to.address)
    const port = ports.indexOf(to.port)
    if (address < 0 || port < 0) return
    this.requests++
    const reply = machine.handleDatagram({ address: address as 0 | 1, port: port as 0 | 1 }, from, data, this.now)
    if (reply === undefined || this.#isLost()) return
    const source = Endpoint.make(addresses[reply.from.address]!, ports[reply.from.port]!)!
    this.#toClient(source, from, reply.data)
  }

  #toClient(from: Endpoint.Endpoint, to: Endpoint.Endpoint, data: Uint8Array): void {
    this.#later(() => {
      const { nat } = this.options
      const filter = nat ?? this.#firewall
      const local = filter === undefined ? to : filter.inbound(from, to.port)
      if (local === undefined || this.blocked) return
      this.#clients.get(Endpoint.format(local))?.(from, data, this.now)
    })
  }

  #isLost(): boolean {
    return this.options.lost?.(this.#packets++) === true
  }

  #later(run: () => void): void {
    this.#queue.push({ at: this.now + 10, run })
  }
}

const reflector = (addresses: ReadonlyArray<string>, ports: readonly [number, number]): Reflector => {
  const sites: ReflectorOptions["sites"] = { ipv4: { addresses, ports }, ipv6: undefined }
  return new Reflector({ sites, software: "parley/test", limits: DEFAULT_LIMITS }, 0)
}

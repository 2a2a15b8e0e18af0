import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Endpoint from "../../domain/Endpoint.js"
import type { InterfaceAddress } from "../../services/Interfaces.js"
import type { UdpPort } from "./Datagrams.js"
import type { TcpPort } from "./Listener.js"
import { Ports } from "./Ports.js"

/**
 * An internet without wires: hosts that reach each other at once, so that a server and its clients run as one program
 * without a socket. Nothing is lost, delayed or reordered; what is sent arrives in a later microtask, in the order of
 * sending. A program's own timers follow Effect's clock.
 */
export interface Network {
  /**
   * Adds a host with these IP literals (and the loopback ones). An address that is taken, or no literal, is a defect.
   */
  readonly host: (addresses: ReadonlyArray<string>) => Host
  /** Lets `name` be dialed and listened on, at `addresses` in this order. */
  readonly name: (name: string, addresses: ReadonlyArray<string>) => void
  /** What `name`, or an IP literal, stands for; empty when unknown. */
  readonly resolve: (name: string) => ReadonlyArray<Endpoint.Endpoint>
  /** The host that `to` means when `from` sends there. */
  readonly route: (from: Host, to: Endpoint.Endpoint) => Host | undefined
  /** Runs `task` in a microtask of its own, after all posted before. */
  readonly post: (task: () => void) => void
  /** Runs `task` after `ms` of Effect's clock unless the returned function is called before. */
  readonly after: (ms: number, task: () => void) => () => void
}

export interface Host {
  readonly addresses: ReadonlyArray<InterfaceAddress>
  readonly udp: Ports<UdpPort>
  readonly tcp: Ports<TcpPort>
}

export const make: Effect.Effect<Network> = Effect.map(Effect.runtime<never>(), (runtime) => {
  const runFork = Runtime.runFork(runtime)
  const hosts = new Map<string, Host>()
  const names = new Map<string, ReadonlyArray<Endpoint.Endpoint>>([["localhost", LOOPBACK.map(literal)]])
  return {
    host: (addresses) => {
      const endpoints = addresses.map(literal)
      const host: Host = {
        addresses: [...LOOPBACK.map(literal), ...endpoints].map((endpoint) => ({
          family: endpoint.family,
          address: endpoint.address,
          loopback: isLoopback(endpoint)
        })),
        udp: new Ports(),
        tcp: new Ports()
      }
      for (const { address } of endpoints) {
        if (hosts.has(address)) throw new Error(`${address} is another host's address`)
        hosts.set(address, host)
      }
      return host
    },
    name: (name, addresses) => {
      names.set(name, addresses.map(literal))
    },
    resolve: (name) => {
      const endpoint = Endpoint.make(name, 0)
      return endpoint === undefined ? (names.get(name) ?? []) : [endpoint]
    },
    route: (from, to) => (isLoopback(to) ? from : hosts.get(to.address)),
    post: queueMicrotask,
    after: (ms, task) => {
      const fiber = runFork(Effect.zipRight(Clock.sleep(Duration.millis(ms)), Effect.sync(task)))
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    }
  }
})

/** Whether `host` has this address. */
export const owns = (host: Host, address: string): boolean =>
  host.addresses.some((candidate) => candidate.address === address)

/** The address of `host` that packets to `to` leave from, as a routing table would choose. */
export const sourceOf = (host: Host, to: Endpoint.Endpoint): string | undefined =>
  owns(host, to.address)
    ? to.address
    : host.addresses.find(({ family, loopback }) => family === to.family && loopback === isLoopback(to))?.address

const LOOPBACK = ["127.0.0.1", "::1"]

const isLoopback = (endpoint: Endpoint.Endpoint): boolean => Endpoint.scope(endpoint) === "loopback"

const literal = (address: string): Endpoint.Endpoint => {
  const endpoint = Endpoint.make(address, 0)
  if (endpoint === undefined) throw new Error(`${JSON.stringify(address)} is no IP literal`)
  return endpoint
}

import type * as Effect from "effect/Effect"
import type * as Primitives from "../domain/Crypto.js"
import { Disk } from "../layers/memory/Disk.js"
import * as DefaultCrypto from "./DefaultCrypto.js"
import type { FaultKind } from "./faults/Fault.js"
import { Faults, type Victim } from "./faults/Faults.js"
import { Kernel, type KernelOptions } from "./kernel/Kernel.js"
import { LocalClock } from "./kernel/LocalClock.js"
import { Machine } from "./Machine.js"
import { Addresses } from "./network/Addresses.js"
import { type Conditions, ordinary } from "./network/Conditions.js"
import * as Firewall from "./network/Firewall.js"
import { Host } from "./network/Host.js"
import type { NatConfig } from "./network/Nat.js"
import { NatDevice } from "./network/NatDevice.js"
import { Network } from "./network/Network.js"
import { Router } from "./network/Router.js"
import type { Services } from "./Services.js"

/**
 * What a world is like before anything happens in it.
 *
 * @since 0.1.0
 */
export interface WorldOptions extends KernelOptions {
  /** What every link is like before faults come on top; `ordinary` completes what is left out. */
  readonly link?: Partial<Conditions>
  /** Faults of these kinds do nothing. For tests that must fail without them. */
  readonly without?: ReadonlySet<FaultKind>
}

/**
 * Where a host is in the network, and what is between it and the others.
 *
 * @since 0.1.0
 */
export interface HostOptions {
  /** An IPv4 literal; the next free one of the realm when left out. `none`: the machine has no IPv4. */
  readonly ipv4?: string
  /** An IPv6 literal, or `auto` for the next free one. No IPv6 when left out. */
  readonly ipv6?: string
  /**
   * The router that the machine is behind, or the behaviour of one of its own. Directly on the Internet when left out.
   */
  readonly nat?: Router | NatConfig
  /** How wrong the machine's clock is: its wall time by so much, its rate by so many millionths. */
  readonly clock?: { readonly offsetMs?: number; readonly driftPpm?: number }
  /** Its disk; a new one when left out. A program finds again what an earlier one wrote to the same disk. */
  readonly disk?: Disk
  /** Whether the run goes on when the program fails; otherwise that fails the run. */
  readonly mayFail?: boolean
  /** Bytes that a UDP socket holds while the program is busy; 212,992 when left out. */
  readonly receiveBuffer?: number
}

/**
 * A router that hosts are behind.
 *
 * @since 0.1.0
 */
export interface RouterOptions {
  /** The router that this one is behind (carrier-grade NAT); directly on the Internet when left out. */
  readonly behind?: Router
  readonly firewall?: Firewall.FirewallConfig
  /**
   * Inner addresses are this with the last number replaced: `192.168.1.` when left out, or `100.64.0.` for a router of
   * routers.
   */
  readonly prefix?: string
}

/**
 * One simulated world: a kernel, a network, and the machines on it.
 *
 * @since 0.1.0
 */
export class World {
  readonly kernel: Kernel
  readonly network: Network
  readonly faults: Faults
  /** By the names of their hosts; a machine that is driven bare may be put here, for faults to find. */
  readonly machines = new Map<string, Victim>()
  readonly routers = new Map<string, Router>()
  readonly base: Conditions
  readonly #addresses: Addresses
  #nextHost = 0

  constructor(
    readonly options: WorldOptions,
    readonly crypto: Primitives.Crypto = DefaultCrypto.make()
  ) {
    this.base = { ...ordinary, ...options.link }
    this.kernel = new Kernel(options)
    this.network = new Network(this.kernel, options.seed, (from, to) =>
      this.faults.conditions(this.base, from.name, to.name)
    )
    this.#addresses = new Addresses(this.network)
    this.faults = new Faults(this, this.#addresses, options.without ?? new Set())
  }

  /** A machine that starts `program` at once, and again after each crash that ends. */
  machine(name: string, options: HostOptions, program: Effect.Effect<unknown, unknown, Services>): Machine {
    const { kernel } = this
    const clock = new LocalClock(kernel.epoch)
    clock.jump((options.clock?.offsetMs ?? 0) * 1000)
    if (options.clock?.driftPpm !== undefined) clock.drift(options.clock.driftPpm, kernel.now)
    const machine = new Machine(this, this.host(name, options), clock, program, {
      disk: options.disk ?? new Disk(),
      mayFail: options.mayFail ?? false
    })
    this.machines.set(name, machine)
    machine.boot()
    return machine
  }

  /** A bare network stack without a program, for callbacks on the kernel. */
  host(name: string, options: HostOptions = {}): Host {
    if (this.network.names.has(name)) throw new Error(`there is already a host ${name}`)
    const host = new Host(this.#nextHost++, name, this.kernel.rng.fork(`host/${name}`), this.kernel.outside)
    const { nat } = options
    host.router = nat === undefined || nat instanceof Router ? nat : this.router(`${name}/router`, nat)
    if (options.receiveBuffer !== undefined) host.receiveBuffer = options.receiveBuffer
    this.network.names.set(name, host)
    this.#addresses.assign(host, options.ipv4, options.ipv6)
    return host
  }

  router(name: string, config: NatConfig, options: RouterOptions = {}): Router {
    if (this.routers.has(name)) throw new Error(`there is already a router ${name}`)
    const nat = new NatDevice(config, this.#addresses.next(options.behind), this.kernel.rng.fork(`router/${name}`))
    const firewall = new Firewall.Firewall(options.firewall ?? Firewall.ordinary)
    const router = new Router(name, nat, firewall, options.behind, options.prefix ?? "192.168.1.")
    this.#addresses.join(router)
    this.routers.set(name, router)
    return router
  }
}

import type { Disk } from "../../layers/memory/Disk.js"
import type { Kernel } from "../kernel/Kernel.js"
import type { LocalClock } from "../kernel/LocalClock.js"
import type { Process } from "../kernel/Process.js"
import { Kind } from "../kernel/Trace.js"
import type { Addresses } from "../network/Addresses.js"
import type { Conditions } from "../network/Conditions.js"
import type { Host } from "../network/Host.js"
import type { NatConfig } from "../network/Nat.js"
import type { Network } from "../network/Network.js"
import type { Router } from "../network/Router.js"
import {
  type Fault,
  type FaultKind,
  type HostFault,
  isLinkFault,
  isOn,
  type LinkFault,
  type RouterFault,
  worsen
} from "./Fault.js"
import { Overlay } from "./Overlay.js"

/**
 * A machine as faults see it: one that runs a program, or one whose program is callbacks on the kernel.
 *
 * @since 0.1.0
 */
export interface Victim {
  readonly host: Host
  readonly disk: Disk
  readonly clock: LocalClock
  /** The present process, or the last one. */
  readonly process: Process
  /** Whether a crash leaves part of what was not synced. */
  tornWrites: boolean
  /** Starts the program, unless it runs. */
  readonly boot: () => void
  /** Loses power. */
  readonly crash: () => void
  /** The process ends, and its system closes the sockets. */
  readonly kill: () => void
  /** From now on the clock runs `ppm` parts per million fast. */
  readonly drift: (ppm: number) => void
}

/** What faults can befall. */
export interface Targets {
  readonly kernel: Kernel
  readonly network: Network
  readonly machines: ReadonlyMap<string, Victim>
  readonly routers: ReadonlyMap<string, Router>
}

/**
 * The faults of a world that are on at this moment.
 *
 * @since 0.1.0
 */
export class Faults {
  readonly #links = new Set<LinkFault>()
  /** How to end each fault that is on, in the order in which they began. */
  readonly #active = new Map<object, () => void>()
  readonly #overlay = new Overlay()
  readonly #targets: Targets
  readonly #addresses: Addresses
  readonly #without: ReadonlySet<FaultKind>

  constructor(targets: Targets, addresses: Addresses, without: ReadonlySet<FaultKind>) {
    this.#targets = targets
    this.#addresses = addresses
    this.#without = without
  }

  /** How many faults are on. */
  get size(): number {
    return this.#active.size
  }

  /**
   * Begins a fault and gives what ends it (once; later calls do nothing). What happens but once, like a reboot, is not
   * taken back. Throws when a host or router of that name does not exist: that is a mistake in the test.
   */
  begin(fault: Fault): () => void {
    const { kernel } = this.#targets
    if (this.#without.has(fault.kind)) return nothing
    kernel.trace.note(Kind.fault, this.#active.size, kernel.now)
    const key = {}
    const undo = this.#apply(fault)
    this.#active.set(key, undo)
    return () => {
      if (!this.#active.delete(key)) return
      kernel.trace.note(Kind.fault, -1, kernel.now)
      undo()
    }
  }

  /** Ends all faults, the last one first: links are as the world's options say, machines run, clocks keep time. */
  quiesce(): void {
    for (const [key, undo] of [...this.#active].reverse()) if (this.#active.delete(key)) undo()
  }

  /** What a link is like with all faults that are on it. */
  conditions(base: Conditions, from: string, to: string): Conditions {
    let conditions = base
    for (const fault of this.#links) if (isOn(fault, from, to)) conditions = worsen(conditions, fault)
    return conditions
  }

  #apply(fault: Fault): () => void {
    if (isLinkFault(fault)) return this.#applyToLinks(fault)
    const tools = { addresses: this.#addresses, overlay: this.#overlay }
    if ("router" in fault) return applyToRouter(this.#router(fault.router), fault, tools)
    return applyToMachine(this.#machine(fault.host), fault, tools)
  }

  #applyToLinks(fault: LinkFault): () => void {
    const own = { ...fault }
    this.#links.add(own)
    this.#targets.network.refresh()
    return () => {
      this.#links.delete(own)
      this.#targets.network.refresh()
    }
  }

  #router(name: string): Router {
    const router = this.#targets.routers.get(name)
    if (router === undefined) throw new Error(`there is no router ${name}`)
    return router
  }

  #machine(name: string): Victim {
    const machine = this.#targets.machines.get(name)
    if (machine === undefined) throw new Error(`there is no host ${name}`)
    return machine
  }
}

const applyToRouter = (
  router: Router,
  fault: RouterFault,
  { addresses, overlay }: { readonly addresses: Addresses; readonly overlay: Overlay }
): (() => void) => {
  const { nat, firewall } = router
  const set = <K extends keyof NatConfig>(name: K, value: NatConfig[K]): (() => void) => {
    const read = () => nat.config[name]
    const write = (value: NatConfig[K]) => {
      nat.config = { ...nat.config, [name]: value }
    }
    return overlay.put({ of: nat, name, read, write }, value)
  }
  switch (fault.kind) {
    case "nat-mapping":
      return set("mapping", fault.mapping)
    case "nat-filtering":
      return set("filtering", fault.filtering)
    case "nat-ports":
      return set("ports", fault.ports)
    case "nat-expiry":
      return set("udpTimeoutMs", fault.udpTimeoutMs)
    case "nat-tcp-expiry":
      return both(set("tcpTimeoutMs", fault.tcpTimeoutMs), set("tcpTransitoryMs", fault.tcpTimeoutMs))
    case "nat-permission-expiry":
      return set("permissionMs", fault.permissionMs)
    case "nat-no-hairpin":
      return set("hairpin", false)
    case "nat-exhaustion":
      return set("maxMappings", fault.maxMappings)
    case "nat-reboot":
      router.reboot()
      return nothing
    case "nat-renumber":
      addresses.renumber(router)
      router.reboot()
      return nothing
    case "firewall-filtering": {
      const read = () => firewall.config.filtering
      const write = (filtering: typeof fault.filtering) => {
        firewall.config = { ...firewall.config, filtering }
      }
      return overlay.put({ of: firewall, name: "filtering", read, write }, fault.filtering)
    }
  }
}

const applyToMachine = (
  machine: Victim,
  fault: HostFault,
  { addresses, overlay }: { readonly addresses: Addresses; readonly overlay: Overlay }
): (() => void) => {
  const { host, disk, clock } = machine
  /** Sets a property for as long as the fault is on. */
  const set = <T extends object, K extends keyof T & string>(of: T, name: K, value: T[K]): (() => void) => {
    const write = (value: T[K]) => {
      of[name] = value
    }
    return overlay.put({ of, name, read: () => of[name], write }, value)
  }
  switch (fault.kind) {
    case "crash":
      machine.crash()
      return () => machine.boot()
    case "kill":
      machine.kill()
      return () => machine.boot()
    case "pause": {
      const { process } = machine
      const write = (isPaused: boolean) => (isPaused ? process.pause() : process.resume())
      return overlay.put({ of: process, name: "isPaused", read: () => false, write }, true)
    }
    case "clock-jump":
      clock.jump(fault.ms * 1000)
      return nothing
    case "clock-drift": {
      const write = (ppm: number) => machine.drift(ppm)
      return overlay.put({ of: clock, name: "rate", read: () => clock.rate, write }, fault.ppm)
    }
    case "receive-buffer":
      return set(host, "receiveBuffer", fault.bytes)
    case "address-change":
      addresses.replace(host)
      return nothing
    case "offline":
      return set(host, "online", false)
    case "resolver-down":
      return set(host, "resolver", false)
    case "disk-full":
      return set(disk, "capacity", 0)
    case "disk-read-only":
      return set(disk, "readOnly", true)
    case "disk-slow":
      return set(disk, "delayMs", fault.ms)
    case "disk-torn":
      return set(machine, "tornWrites", true)
  }
}

const both = (one: () => void, other: () => void) => () => {
  one()
  other()
}

const nothing = () => {}

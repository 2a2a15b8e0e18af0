import type { Kernel } from "../kernel/Kernel.js"
import { Kind } from "../kernel/Trace.js"
import type { Machine } from "../Machine.js"
import type { Addresses } from "../network/Addresses.js"
import type { Conditions } from "../network/Conditions.js"
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

/** What faults can befall. */
export interface Targets {
  readonly kernel: Kernel
  readonly network: Network
  readonly machines: ReadonlyMap<string, Machine>
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
    if ("router" in fault) return applyToRouter(this.#router(fault.router), fault, this.#addresses)
    return applyToMachine(this.#machine(fault.host), fault, this.#addresses)
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

  #machine(name: string): Machine {
    const machine = this.#targets.machines.get(name)
    if (machine === undefined) throw new Error(`there is no host ${name}`)
    return machine
  }
}

const applyToRouter = (router: Router, fault: RouterFault, addresses: Addresses): (() => void) => {
  const { nat, firewall } = router
  const configure = (change: Partial<NatConfig>): (() => void) => {
    const before: Partial<NatConfig> = {}
    for (const key of Object.keys(change) as Array<keyof NatConfig>) Object.assign(before, { [key]: nat.config[key] })
    nat.config = { ...nat.config, ...change }
    return () => {
      nat.config = { ...nat.config, ...before }
    }
  }
  switch (fault.kind) {
    case "nat-mapping":
      return configure({ mapping: fault.mapping })
    case "nat-filtering":
      return configure({ filtering: fault.filtering })
    case "nat-ports":
      return configure({ ports: fault.ports })
    case "nat-expiry":
      return configure({ udpTimeoutMs: fault.udpTimeoutMs })
    case "nat-tcp-expiry":
      return configure({ tcpTimeoutMs: fault.tcpTimeoutMs, tcpTransitoryMs: fault.tcpTimeoutMs })
    case "nat-permission-expiry":
      return configure({ permissionMs: fault.permissionMs })
    case "nat-no-hairpin":
      return configure({ hairpin: false })
    case "nat-exhaustion":
      return configure({ maxMappings: fault.maxMappings })
    case "nat-reboot":
      router.reboot()
      return nothing
    case "nat-renumber":
      addresses.renumber(router)
      router.reboot()
      return nothing
    case "firewall-filtering": {
      const before = firewall.config
      firewall.config = { ...before, filtering: fault.filtering }
      return () => {
        firewall.config = before
      }
    }
  }
}

const applyToMachine = (machine: Machine, fault: HostFault, addresses: Addresses): (() => void) => {
  const { host, disk, clock } = machine
  /** Sets a property for as long as the fault is on. */
  const set = <T extends object, K extends keyof T>(target: T, key: K, value: T[K]): (() => void) => {
    const before = target[key]
    target[key] = value
    return () => {
      target[key] = before
    }
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
      process.pause()
      return () => process.resume()
    }
    case "clock-jump":
      clock.jump(fault.ms * 1000)
      return nothing
    case "clock-drift": {
      const before = clock.rate
      machine.drift(fault.ppm)
      return () => machine.drift(before)
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

const nothing = () => {}

import type { Rng } from "../kernel/Rng.js"
import type { Fault, FaultKind, RouterFault } from "./Fault.js"
import type { Plan, PlannedFault } from "./Plan.js"

/**
 * Which faults a swarm draws, and until when.
 *
 * @since 0.1.0
 */
export interface SwarmOptions {
  /** All faults are over after so many virtual ms. */
  readonly withinMs: number
  /** Hosts that may be hit; all when left out. */
  readonly hosts?: ReadonlyArray<string>
  /** Routers that may be hit; all when left out. */
  readonly routers?: ReadonlyArray<string>
  /** Kinds that may be drawn; `harmless` when left out. */
  readonly kinds?: ReadonlyArray<FaultKind>
  /** Most windows of one kind; 3 when left out. */
  readonly most?: number
}

/**
 * What any program should get over, given time: nothing that takes data or an identity away from it.
 *
 * @since 0.1.0
 */
export const harmless: ReadonlyArray<FaultKind> = [
  "latency",
  "jitter",
  "loss",
  "burst",
  "duplicate",
  "replay",
  "reorder",
  "corrupt",
  "truncate",
  "bandwidth",
  "queue",
  "block",
  "partition",
  "clog",
  "flap",
  "tcp-rechunk",
  "tcp-reset",
  "pause",
  "clock-jump",
  "clock-drift",
  "receive-buffer",
  "nat-reboot",
  "nat-expiry"
]

/**
 * Draws which faults there are, where, when and how strong (Groce et al., "Swarm Testing", 2012). A kind is left out
 * entirely in half of all runs, because strong faults of one kind hide the bugs that only another kind would show.
 */
export const draw = (rng: Rng, options: SwarmOptions, all: Population): Plan => {
  const population = { hosts: options.hosts ?? all.hosts, routers: options.routers ?? all.routers }
  const plan: Array<PlannedFault> = []
  let id = 0
  for (const kind of options.kinds ?? harmless) {
    // A stream for each kind: another kind more or less leaves this one's draws as they are.
    const own = rng.fork(kind)
    if (own.chance(0.5)) continue
    const windows = own.between(1, options.most ?? 3)
    for (let i = 0; i < windows; i++) {
      const atMs = own.below(options.withinMs)
      // Short windows are as likely as long ones on a scale of magnitudes, because timeouts live on every scale.
      const forMs = Math.min(options.withinMs - atMs, Math.ceil(10 ** (1 + own.unit() * 3.7)))
      const fault = drawFault(kind, own, population)
      if (fault !== undefined) plan.push({ id: id++, atMs, forMs, fault })
    }
  }
  return plan.sort((a, b) => a.atMs - b.atMs || a.id - b.id)
}

export interface Population {
  readonly hosts: ReadonlyArray<string>
  readonly routers: ReadonlyArray<string>
}

/** One fault of a kind; `undefined` where there is nothing for it to hit. */
export const drawFault = (kind: FaultKind, rng: Rng, { hosts, routers }: Population): Fault | undefined => {
  if (hosts.length === 0) return undefined
  const host = rng.pick(hosts)
  const links = rng.chance(0.5) ? { from: host } : { from: host, to: rng.pick(hosts) }
  // Cubed, so that most are weak and a few very strong.
  const probability = rng.unit() ** 3
  const ms = Math.ceil(10 ** (rng.unit() * 3.5))
  switch (kind) {
    case "latency":
    case "jitter":
      return { kind, ...links, ms, oneWay: rng.chance(0.5) }
    case "loss":
    case "duplicate":
    case "corrupt":
    case "truncate":
      return { kind, ...links, probability }
    case "tcp-reset":
      return { kind, ...links, probability: probability / 10 }
    case "burst":
      return { kind, ...links, enter: probability / 4, leave: 0.05 + rng.unit() / 2 }
    case "replay":
    case "reorder":
      return { kind, ...links, probability, ms }
    case "bandwidth":
      return { kind, ...links, bytesPerSecond: Math.ceil(10 ** (3 + rng.unit() * 3)) }
    case "queue":
      return { kind, ...links, bytes: rng.between(1500, 65_536) }
    case "mtu":
      return { kind, ...links, bytes: rng.between(576, 1500) }
    case "block":
    case "partition":
    case "clog":
    case "udp-blocked":
    case "tcp-blocked":
      return { kind, ...links }
    case "flap":
      return { kind, ...links, upMs: ms, downMs: Math.ceil(10 ** (rng.unit() * 3.5)) }
    case "tcp-rechunk":
      return { kind, ...links, bytes: rng.between(1, 64) }
    case "crash":
    case "kill":
    case "pause":
    case "address-change":
    case "offline":
    case "resolver-down":
    case "disk-full":
    case "disk-read-only":
    case "disk-torn":
      return { kind, host }
    case "disk-slow":
      return { kind, host, ms }
    case "clock-jump":
      return { kind, host, ms: (rng.chance(0.5) ? 1 : -1) * Math.ceil(10 ** (rng.unit() * 8)) }
    case "clock-drift":
      return { kind, host, ppm: rng.between(-500, 500) }
    case "receive-buffer":
      return { kind, host, bytes: rng.between(1500, 65_536) }
    default:
      return routers.length === 0 ? undefined : drawRouterFault(kind, rng.pick(routers), rng)
  }
}

const drawRouterFault = (kind: RouterFault["kind"], router: string, rng: Rng): RouterFault => {
  const dependency = rng.pick(["endpoint-independent", "address-dependent", "address-and-port-dependent"] as const)
  const lifetime = rng.between(5000, 60_000)
  switch (kind) {
    case "nat-mapping":
      return { kind, router, mapping: dependency }
    case "nat-filtering":
    case "firewall-filtering":
      return { kind, router, filtering: dependency }
    case "nat-ports":
      return { kind, router, ports: rng.pick(["preserve", "sequential", "random"] as const) }
    case "nat-expiry":
      return { kind, router, udpTimeoutMs: lifetime }
    case "nat-tcp-expiry":
      return { kind, router, tcpTimeoutMs: lifetime }
    case "nat-permission-expiry":
      return { kind, router, permissionMs: lifetime }
    case "nat-exhaustion":
      return { kind, router, maxMappings: rng.between(0, 8) }
    default:
      return { kind, router }
  }
}

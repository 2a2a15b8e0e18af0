import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as Primitives from "../domain/Crypto.js"
import type { Plan } from "./faults/Plan.js"
import type { KernelError } from "./kernel/KernelError.js"
import * as Sandbox from "./kernel/Sandbox.js"
import { quiet } from "./Machine.js"
import { PacketLog } from "./record/PacketLog.js"
import { Pcap } from "./record/Pcap.js"
import * as Sim from "./Sim.js"
import { World, type WorldOptions } from "./World.js"

/**
 * The world that a scenario runs in, and what to keep of the run.
 *
 * @since 0.1.0
 */
export interface RunOptions extends WorldOptions {
  /** The primitives that `Crypto` offers; the product's own when left out. All give the same bytes. */
  readonly crypto?: Primitives.Crypto
  /** Ids of the planned faults that are to happen; all when left out. */
  readonly keep?: ReadonlySet<number>
  /** Whether to keep a log and a capture of the packets; it costs a multiple of the run. */
  readonly record?: boolean
  /** Gives the run up. */
  readonly signal?: AbortSignal
}

/**
 * What a scenario is: any Effect program that asks for the simulated world, and for a scope that ends with it.
 *
 * @since 0.1.0
 */
export type Scenario<A, E> = Effect.Effect<A, E, Sim.Sim | Scope.Scope>

/**
 * What one run came to.
 *
 * @since 0.1.0
 */
export interface Report<A, E> {
  readonly seed: number
  readonly exit: Exit.Exit<A, E | KernelError>
  /** Equal for equal runs: the same seed and program on any machine. */
  readonly hash: string
  readonly virtualMs: number
  readonly realMs: number
  /** Steps of fibers, fired timers (packets among them), and packets. */
  readonly stats: {
    readonly steps: number
    readonly timers: number
    readonly instants: number
    readonly sent: number
    readonly arrived: number
    readonly dropped: number
  }
  /** The planned faults that had a chance to happen. */
  readonly plan: Plan
  /** The packets and faults, when they were recorded. */
  readonly log: ReadonlyArray<string>
  readonly pcap: Uint8Array | undefined
}

/**
 * Runs a scenario in a world of its own. Never rejects: what went wrong is in the exit.
 *
 * @since 0.1.0
 */
export const run = async <A, E>(options: RunOptions, scenario: Scenario<A, E>): Promise<Report<A, E>> => {
  const started = performance.now()
  const world = new World(options, options.crypto)
  const { kernel, network } = world
  const log = new PacketLog(network)
  const pcap = options.record === true ? new Pcap(network, kernel.epoch) : undefined
  if (pcap !== undefined) {
    network.onPacket = (event) => {
      log.add(event)
      pcap.add(event)
    }
  }
  const plan: Array<Plan[number]> = []
  const sim = Sim.make(world, { plan, keep: options.keep, log: (at, text) => log.line(at, text) })
  const main = kernel.process("main")
  const program = quiet(Effect.scoped(Effect.provideService(scenario, Sim.Sim, sim)))
  const exit = await Sandbox.run(kernel, main, program, options.signal)
  return {
    seed: options.seed,
    exit,
    hash: kernel.trace.hash,
    virtualMs: kernel.now / 1000,
    realMs: performance.now() - started,
    stats: { ...kernel.stats, ...network.stats },
    plan,
    log: log.lines,
    pcap: pcap?.bytes()
  }
}

import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Primitives from "../domain/Crypto.js"
import { Disk } from "../layers/memory/Disk.js"
import * as MemoryFiles from "../layers/memory/Files.js"
import * as MemoryStore from "../layers/memory/Store.js"
import { Crypto } from "../services/Crypto.js"
import { Datagrams } from "../services/Datagrams.js"
import { Dialer } from "../services/Dialer.js"
import { Entropy } from "../services/Entropy.js"
import { Files } from "../services/Files.js"
import { Interfaces } from "../services/Interfaces.js"
import { Listener } from "../services/Listener.js"
import { Resolver } from "../services/Resolver.js"
import { Store } from "../services/Store.js"
import type { Timer } from "../services/Timer.js"
import type { Kernel } from "./kernel/Kernel.js"
import { HostFailed } from "./kernel/KernelError.js"
import type { LocalClock } from "./kernel/LocalClock.js"
import type { Process } from "./kernel/Process.js"
import { Kind } from "./kernel/Trace.js"
import type { Host } from "./network/Host.js"
import type { Network } from "./network/Network.js"
import * as NameResolver from "./network/Resolver.js"
import * as TcpDialer from "./network/TcpDialer.js"
import * as TcpListener from "./network/TcpListener.js"
import * as Udp from "./network/Udp.js"
import type { Services } from "./Services.js"

/** What machines have in common: time, cables, and the primitives of cryptography. */
export interface MachineRoom {
  readonly kernel: Kernel
  readonly network: Network
  readonly crypto: Primitives.Crypto
}

/**
 * A computer: a network stack, a disk, a clock, and the one program that it runs whenever it has power.
 *
 * @since 0.1.0
 */
export class Machine {
  readonly disk: Disk
  /** Whether a crash leaves part of what was not synced. */
  tornWrites = false
  #fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  #boots = 0
  readonly #room: MachineRoom
  readonly #program: Effect.Effect<unknown, unknown, Services>
  /** Whether the run goes on when the program fails. */
  readonly #mayFail: boolean

  constructor(
    room: MachineRoom,
    readonly host: Host,
    readonly clock: LocalClock,
    program: Effect.Effect<unknown, unknown, Services>,
    { disk, mayFail }: { readonly disk: Disk; readonly mayFail: boolean }
  ) {
    this.disk = disk
    this.#room = room
    this.#program = program
    this.#mayFail = mayFail
  }

  get name(): string {
    return this.host.name
  }

  get process(): Process {
    return this.host.process
  }

  /** Whether the program has begun and not ended. */
  get running(): boolean {
    return this.process.state !== "dead" && this.#fiber?.unsafePoll() === null
  }

  /** Starts the program in a new process. Nothing when one is there. */
  boot(): void {
    if (this.#fiber !== undefined && this.process.state !== "dead") return
    const { kernel } = this.#room
    const boot = this.#boots++
    const process = kernel.process(boot === 0 ? this.name : `${this.name}+${boot}`, this.clock)
    this.host.powered = true
    kernel.trace.note(Kind.process, this.host.id, boot)
    const fiber = process.fork(
      quiet(Effect.provide(this.#program, services(this.#room, this.host, this.disk, process)))
    )
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#ended(process, exit))
  }

  /** Runs the machine's clock `ppm` parts per million fast from now on, whatever process it is that reads it. */
  drift(ppm: number): void {
    const { kernel } = this.#room
    if (this.process.state === "dead") this.clock.drift(ppm, kernel.now)
    else this.process.drift(ppm)
  }

  /** Loses power. */
  crash(): void {
    if (this.process.state === "dead") return
    this.process.kill()
    this.host.forgetSockets()
    const { rng } = this.host
    this.disk.losePower(
      (unsynced) => (this.tornWrites ? rng.between(0, unsynced) : 0),
      () => (this.tornWrites ? rng.pick(FATES) : "old")
    )
  }

  /** The process is killed; the operating system closes its sockets and keeps what it wrote. */
  kill(): void {
    if (this.process.state === "dead") return
    this.process.kill()
    this.disk.locks.clear()
    this.host.closeSockets()
  }

  /** Interrupts the program and waits until its finalizers have run. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() =>
    this.#fiber === undefined || this.process.state === "dead"
      ? Effect.void
      : Effect.asVoid(Fiber.interrupt(this.#fiber))
  )

  /** Waits for the program of the present process to end. Never ends when that process crashes. */
  readonly exit: Effect.Effect<Exit.Exit<unknown, unknown>> = Effect.suspend(() =>
    this.#fiber === undefined ? Effect.never : Fiber.await(this.#fiber)
  )

  #ended(process: Process, exit: Exit.Exit<unknown, unknown>): void {
    if (exit._tag === "Success" || this.#mayFail || process.state === "dead") return
    if (Cause.isInterruptedOnly(exit.cause)) return
    const { kernel } = this.#room
    const message = `the program of ${this.name} failed: ${Cause.pretty(exit.cause)}`
    kernel.fail(new HostFailed({ message, at: kernel.now, host: this.name, cause: exit.cause }))
  }
}

/**
 * A server says where it listens, and a thousand seeds would say so a thousand times. Programs of a simulated world log
 * warnings and what is worse; `Logger.withMinimumLogLevel` around one of them brings the rest back.
 */
export const quiet: <A, E, R>(program: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Logger.withMinimumLogLevel(
  LogLevel.Warning
)

/** What the programs of `process` on this host get. */
export const services = (
  { kernel, network, crypto }: MachineRoom,
  host: Host,
  disk: Disk = new Disk(),
  process: Process = kernel.current ?? kernel.outside
): Context.Context<Services> => {
  const entropy = process.rng.fork(`entropy/${host.name}`)
  host.process = process
  const after: Timer = (ms, run) => {
    const timer = process.after(ms * 1000, run)
    return () => kernel.cancel(timer)
  }
  return Context.empty().pipe(
    Context.add(Datagrams, Udp.make(network, host, process)),
    Context.add(Listener, TcpListener.make(network, host, process)),
    Context.add(Dialer, TcpDialer.make(network, host, process)),
    Context.add(Resolver, NameResolver.make(network, host, process)),
    Context.add(Store, MemoryStore.make(disk, after, `the simulated disk of ${process.name}`)),
    Context.add(Files, MemoryFiles.make(disk, after)),
    Context.add(Entropy, { bytes: (length) => entropy.fill(new Uint8Array(length)) }),
    Context.add(Interfaces, { addresses: Effect.sync(() => network.interfacesOf(host)) }),
    Context.add(Crypto, crypto)
  )
}

/** What may become of a page that was written and not flushed, on a disk that tears writes. */
const FATES = ["new", "old", "garbage"] as const

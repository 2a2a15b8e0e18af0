import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import { DialError, type Dialer, type DialOptions } from "../../services/Dialer.js"
import { HappyEyeballs } from "../../services/HappyEyeballs.js"
import type { Process, ProcessTimer } from "../kernel/Process.js"
import type { Rng } from "../kernel/Rng.js"
import { type AddressId, pointAt } from "./AddressBook.js"
import { connectionKey, type Host } from "./Host.js"
import type { Network } from "./Network.js"
import { dialled, NONCE_BYTES } from "./PretendedTls.js"
import { resolve } from "./Resolver.js"
import { TcpEnd } from "./TcpEnd.js"

/** Opens TCP connections for the programs of one process. */
export const make = (network: Network, host: Host, process: Process): Context.Tag.Service<Dialer> => {
  const plain: Context.Tag.Service<Dialer>["dial"] = (options, handler) =>
    Effect.suspend(() => {
      const attempt = new Attempt(network, host, process, options, handler)
      return Effect.uninterruptibleMask((restore) =>
        restore(attempt.connect).pipe(
          Effect.onExit((exit) => (Exit.isFailure(exit) ? attempt.destroy : Effect.void)),
          Effect.tap(() => Effect.addFinalizer(() => attempt.destroy))
        )
      )
    })
  const nonces = process.rng.fork(`tls from ${host.name}`)
  return {
    dial: (options, handler) =>
      options.isWeb === true || options.proxy !== undefined
        ? Effect.fail(failure("NoWeb", "there is no HTTP in this world"))
        : options.tls === undefined
          ? plain(options, handler)
          : encrypted(plain, nonces, options, handler)
  }
}

/** The same with the key of the other side, and within the same time. */
const encrypted = (
  dial: Context.Tag.Service<Dialer>["dial"],
  nonces: Rng,
  options: DialOptions,
  handler: (connection: Connection) => ConnectionHandler
) =>
  Effect.gen(function* () {
    const where = `${options.host}:${options.port}`
    const shaken = yield* Deferred.make<Connection, DialError>()
    const nonce = nonces.fill(new Uint8Array(NONCE_BYTES))
    yield* dial(options, (raw) =>
      dialled(raw, options.host, nonce, handler, (connection) => {
        const failed = failure("NoTls", `${where} does not speak TLS`)
        Deferred.unsafeDone(shaken, connection === undefined ? Effect.fail(failed) : Effect.succeed(connection))
      })
    )
    return yield* Deferred.await(shaken)
  }).pipe(
    Effect.timeoutFail({
      duration: Duration.millis(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      onTimeout: () => failure("TimedOut", `${options.host}:${options.port} did not answer in time`)
    })
  )

/**
 * Connects without Effect: what `Dialer.dial` does, for machines that are driven as bare callbacks on the kernel. Calls
 * `failed` when there is no connection to be had; otherwise `handler` is asked for once.
 *
 * @since 0.1.0
 */
export const dialSync = (
  network: Network,
  host: Host,
  process: Process,
  options: DialOptions,
  handler: (connection: Connection) => ConnectionHandler,
  failed: (error: DialError) => void
): void => {
  const attempt = new Attempt(network, host, process, options, handler)
  attempt.start((outcome) => {
    if (!(outcome instanceof DialError)) return
    attempt.end(() => {})
    failed(outcome)
  })
}

/** One call of `dial`: the address of the host that answers first (`HappyEyeballs`), within the time given for all. */
class Attempt {
  /** The one that has connected. */
  #end: TcpEnd | undefined
  readonly #underWay = new Set<TcpEnd>()
  #established = false
  #closed = false
  #over: () => void = () => {}
  #given = false
  readonly #network: Network
  readonly #host: Host
  readonly #process: Process
  readonly #options: DialOptions
  readonly #handler: (connection: Connection) => ConnectionHandler

  constructor(
    network: Network,
    host: Host,
    process: Process,
    options: DialOptions,
    handler: (connection: Connection) => ConnectionHandler
  ) {
    this.#network = network
    this.#host = host
    this.#process = process
    this.#options = options
    this.#handler = handler
  }

  /** Begins; `done` is called once, unless what this gives is called before. */
  start(done: (outcome: Connection | DialError) => void): () => void {
    const { host, port, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options
    const where = `${host}:${port}`
    const finish = (outcome: Connection | DialError) => {
      this.#given = true
      kernel.cancel(timer)
      if (waiting !== undefined) kernel.cancel(waiting)
      done(outcome)
    }
    const timer = this.#process.after(timeoutMs * 1000, () =>
      finish(failure("TimedOut", `${where} did not answer within ${timeoutMs} ms`))
    )
    const { book, kernel } = this.#network
    const now = () => kernel.now / 1000
    let error = failure("HostNotFound", `no address is known for the host ${host}`)
    let waiting: ProcessTimer | undefined
    const tryAll = (order: HappyEyeballs<AddressId>) => {
      if (this.#given) return
      const settled = (outcome: "refused" | "dead") => {
        order.handleFailure()
        error =
          outcome === "refused"
            ? failure("Refused", `nobody is listening at ${where}`)
            : failure("Unreachable", `there is no way to ${where}`)
        tryAll(order)
      }
      for (let address = order.pollTry(now()); address !== undefined; address = order.pollTry(now()))
        this.#tryAddress(address, (outcome) => {
          if (this.#given) return
          if (outcome === "open") finish(this.#end!)
          else settled(outcome)
        })
      if (this.#given) return
      if (order.isOver) return finish(error)
      if (waiting !== undefined) kernel.cancel(waiting)
      const next = order.pollTimeout()
      waiting =
        next === undefined ? undefined : this.#process.after(Math.max(1, (next - now()) * 1000), () => tryAll(order))
    }
    // Even what fails at once fails a moment later, as any system call's answer does.
    this.#process.after(0, () => {
      if (!Number.isInteger(port) || port < 1 || port > 65_535) return finish(failure("Other", `${where} is no port`))
      tryAll(new HappyEyeballs(resolve(this.#network, this.#host, host), (address) => book.family(address)))
    })
    return () => {
      this.#given = true
      kernel.cancel(timer)
      if (waiting !== undefined) kernel.cancel(waiting)
    }
  }

  readonly connect: Effect.Effect<Connection, DialError> = Effect.async<Connection, DialError>((resume) => {
    const cancel = this.start((outcome) =>
      resume(outcome instanceof DialError ? Effect.fail(outcome) : Effect.succeed(outcome))
    )
    return Effect.sync(cancel)
  })

  readonly destroy: Effect.Effect<void> = Effect.async<void>((resume) => this.end(() => resume(Effect.void)))

  /** Closes what is open; `over` is called when the connection has ended, at once where there was none. */
  end(over: () => void): void {
    const ending = this.#end !== undefined && !this.#closed && this.#established
    if (ending) this.#over = over
    if (!this.#closed) this.#end?.destroy()
    this.#giveUp()
    if (!ending) over()
  }

  #tryAddress(address: AddressId, settled: (outcome: "open" | "refused" | "dead") => void): void {
    const network = this.#network
    const host = this.#host
    const source = network.routing.isLoopback(address)
      ? address
      : network.book.family(address) === "ipv4"
        ? host.ipv4
        : host.ipv6
    const to = pointAt(address, this.#options.port)
    const port = host.freePort((port) => host.connections.has(connectionKey(to, port)))
    if (source === undefined || port === undefined) {
      settled("dead")
      return
    }
    const sendQueue = this.#options.sendQueue ?? defaultSendQueue
    const end = new TcpEnd(network, host, this.#process, pointAt(source, port), to, sendQueue, (outcome) =>
      this.#process.enter(() => {
        if (!this.#underWay.delete(end)) return
        if (outcome === "open") this.#begin(end)
        settled(outcome)
      })
    )
    this.#underWay.add(end)
    if (end.connect() !== undefined && this.#underWay.delete(end)) settled("dead")
  }

  /** Ends what has not connected. */
  #giveUp(): void {
    const late = [...this.#underWay]
    this.#underWay.clear()
    for (const end of late) end.destroy()
  }

  #begin(end: TcpEnd): void {
    this.#end = end
    this.#established = true
    this.#giveUp()
    end.begin(this.#given ? undefined : this.#handler(end), () => {
      this.#closed = true
      this.#over()
    })
  }
}

const failure = (reason: DialError["reason"], message: string): DialError => new DialError({ reason, message })

/** As `DialOptions` says. */
const DEFAULT_TIMEOUT_MS = 5000

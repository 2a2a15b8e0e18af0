import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Outcome } from "../core/rendezvous/Outcome.js"
import * as Proof from "../core/rendezvous/Proof.js"
import type { SessionId } from "../core/rendezvous/Registration.js"
import type { Ending, RegistryCommand, Session } from "../core/rendezvous/Session.js"
import type { Timed } from "../core/support/DeadlineWheel.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Endpoint from "../domain/Endpoint.js"
import { encodeRefusal, type RefusalBody } from "../protocol/ControlCodec.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { Time } from "../services/Time.js"
import type { Announcer, Watcher } from "./Announcer.js"
import type { Counters } from "./Counters.js"
import type { Registry, RegistryError } from "./Registry.js"

/** What the drivers of one server share. */
export interface Hub {
  readonly registry: typeof Registry.Service
  readonly crypto: Crypto
  readonly time: Time
  readonly announcer: Announcer
  readonly counters: Counters
  /** Bound of each connection's send queue, bytes. */
  readonly sendQueue: number
  /** Starts the effect; one that is synchronous has ended when this returns. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>
  /** The driver's deadline may have become earlier. */
  readonly schedule: (driver: SessionDriver) => void
  /** Carries a packet to the other side of the channel. */
  readonly relay: (from: SessionId, channel: string, packet: string) => void
  /** Called once, when the session is over; the connection may still be sending. */
  readonly onEnd: (driver: SessionDriver, ending: Ending | "lost") => void
}

/**
 * Runs one `Session` on one connection: feeds what arrives, has the registry run the commands, writes what comes out.
 * Everything happens inside the callbacks of the connection, the wheel and the registry; no fiber, scope or timer
 * belongs to a session.
 */
export class SessionDriver implements ConnectionHandler, Timed, Watcher {
  #reading = true
  #driving = false
  #over = false
  #gone = false
  #renewAt = 0

  constructor(
    readonly id: SessionId,
    readonly connection: Connection,
    private readonly session: Session,
    private readonly challenge: Uint8Array,
    private readonly hub: Hub
  ) {}

  onData(data: Uint8Array): void {
    const now = this.hub.time.monotonic()
    this.session.handleBytes(data, now)
    if (this.session.registered && now >= this.#renewAt) {
      this.#renewAt = now + RENEW_EVERY_MS
      this.hub.fork(Effect.ignore(this.hub.registry.renew(this.id)))
    }
    this.drive()
  }

  onClose(): void {
    this.#gone = true
    this.#finish("lost")
  }

  handleTimeout(now: number): void {
    this.session.handleTimeout(now)
    this.drive()
  }

  pollTimeout(): number | undefined {
    return this.#over ? undefined : this.session.pollTimeout()
  }

  /** An event for this client alone. */
  push(line: string): void {
    this.session.push(line)
    this.drive()
  }

  /** A packet from the other side of a channel; `false` when this client is too far behind to take it. */
  deliver(line: string): boolean {
    if (this.#over || this.connection.queued() > this.hub.sendQueue / 2) return false
    this.push(line)
    return true
  }

  sendShared(lines: Uint8Array): void {
    if (!this.#over) this.#send(lines)
  }

  /** Ends the session from outside, with this as its last line. */
  end(ending: Ending, line: string): void {
    this.session.end(ending, line)
    this.drive()
  }

  /** Handles what can be handled now. Whatever changes the session calls this afterwards. */
  drive(): void {
    // A command may come back here through the registry's events; the loop below sees what it left.
    if (this.#driving || this.#over) return
    this.#driving = true
    do {
      const now = this.hub.time.monotonic()
      for (
        let command = this.session.pollCommand(now);
        command !== undefined;
        command = this.session.pollCommand(now)
      ) {
        if (command._tag === "Relay") this.hub.relay(this.id, command.channel, command.packet)
        else this.#run(command)
      }
    } while (this.#flush())
    this.#driving = false
    if (this.session.ending !== undefined) {
      this.#finish(this.session.ending)
      return
    }
    this.#watch()
    this.#readOrPause()
    this.hub.schedule(this)
  }

  /**
   * The outcome comes at once when the registry is synchronous. Otherwise the session waits for it, and so does its
   * peer.
   */
  #run(command: RegistryCommand): void {
    this.hub.counters.requests++
    this.hub.fork(this.#execute(command)).addObserver((exit) => {
      if (this.#gone || this.#over) {
        // Claimed for a client that has left meanwhile.
        if (command._tag === "Register") this.hub.fork(Effect.ignore(this.hub.registry.release(this.id, true)))
        return
      }
      this.session.complete(Exit.isSuccess(exit) ? exit.value : { _tag: "Refused", refusal: refusalOf(exit.cause) })
      this.drive()
    })
  }

  #execute(command: RegistryCommand): Effect.Effect<Outcome, RefusalBody | RegistryError> {
    const { registry } = this.hub
    switch (command._tag) {
      case "Register":
        return this.#register(command)
      case "List":
        return Effect.map(registry.page(command), (page) => ({ _tag: "Page", page }))
      case "Watch":
        return Effect.map(registry.version, (version) => ({ _tag: "Watching", version }))
      case "Query":
        return Effect.map(registry.introduce(this.id, command.nick), (peer) => ({ _tag: "Introduced", peer }))
      case "Update":
        return Effect.as(registry.update(this.id, command.endpoints), { _tag: "Updated" })
    }
  }

  #register({ request, nickname }: Extract<RegistryCommand, { _tag: "Register" }>) {
    const { registry, crypto, time } = this.hub
    const identity = Proof.check(crypto, request, nickname, this.challenge, time.wall())
    if (Either.isLeft(identity)) return Effect.fail(identity.left)
    const claim = registry.claim({
      session: this.id,
      nickname,
      address: Endpoint.format(this.connection.remote),
      endpoints: request.endpoints,
      ...(identity.right === undefined ? {} : { identity: identity.right }),
      ...(request.resume === undefined ? {} : { resume: request.resume })
    })
    return Effect.map(claim, ({ nick, resume }): Outcome => ({ _tag: "Registered", nick, resume }))
  }

  /** Sends what the session has to say; whether there was anything. */
  #flush(): boolean {
    const output = this.session.takeOutput()
    if (output === undefined) return false
    if (!this.#send(output)) return false
    // The replies are not taken as fast as the requests come: wait a little before making more of them.
    if (this.connection.queued() > this.hub.sendQueue / 4) this.session.pauseUntil(this.hub.time.monotonic() + PAUSE_MS)
    return true
  }

  #send(bytes: Uint8Array): boolean {
    const room = this.hub.sendQueue - FINAL_ROOM - this.connection.queued()
    if (bytes.length <= room && this.connection.send(bytes)) return true
    this.session.end("slow")
    this.connection.send(SLOW)
    this.#finish("slow")
    return false
  }

  #watch(): void {
    if (this.session.watching) this.hub.announcer.add(this)
    else this.hub.announcer.remove(this)
  }

  #readOrPause(): void {
    if (this.session.wantsInput === this.#reading) return
    this.#reading = !this.#reading
    if (this.#reading) this.connection.resume()
    else this.connection.pause()
  }

  #finish(ending: Ending | "lost"): void {
    if (this.#over) return
    this.#over = true
    const { hub, session } = this
    hub.announcer.remove(this)
    hub.counters.endings[ending]++
    if (session.mood !== undefined) hub.counters.moods[session.mood]++
    hub.fork(Effect.ignore(hub.registry.release(this.id, ending !== "exit")))
    hub.onEnd(this, ending)
    if (!this.#gone) this.connection.end()
  }
}

/**
 * A ninth of the lease: few enough renewals to cost nothing when the registry is elsewhere, and the lease is longer by
 * as much.
 */
export const RENEW_EVERY_MS = 5000

/** How long to wait for a client that does not take its replies: a round trip or two. */
const PAUSE_MS = 50

/** Of the send queue, for the last words to a slow consumer. */
const FINAL_ROOM = 512

const SLOW = new TextEncoder().encode(
  encodeRefusal(undefined, { _tag: "Busy", message: "this client reads too slowly; connect again" })
)

const refusalOf = (cause: Cause.Cause<RefusalBody | RegistryError>): RefusalBody => {
  const failure = Cause.failureOption(cause)
  return failure._tag === "Some" && failure.value._tag !== "RegistryError"
    ? failure.value
    : { _tag: "Busy", message: "this server cannot reach its registry; try again" }
}

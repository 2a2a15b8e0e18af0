import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { Backoff } from "../core/client/Backoff.js"
import type { ClientError } from "../core/client/ClientError.js"
import { unreachable } from "../core/client/ClientError.js"
import { type ControlEvent, ControlLink } from "../core/control/ControlLink.js"
import type { RequestBody } from "../core/control/ServerCodec.js"
import type { Endpoint } from "../domain/Endpoint.js"
import type * as Control from "../protocol/Control.js"
import * as Alarm from "../services/Alarm.js"
import type { CloseReason, Connection } from "../services/Connection.js"
import { Dialer } from "../services/Dialer.js"
import * as Time from "../services/Time.js"

/**
 * Keeps a control link to the server while one is wanted: dials, drives a `ControlLink`, and dials again after a loss.
 * Everything that arrives is handed on synchronously and in order, so that whoever listens decides before the next
 * message is looked at.
 */
export interface ServerLink {
  /** Starts dialling (again) once `wanted` answers `true`. */
  readonly wake: Effect.Effect<void>
  /** The next moment at which requests may be made; at once when it is now. */
  readonly ready: Effect.Effect<void>
  readonly up: () => boolean
  /**
   * Sends a request. `answer` is called exactly once, synchronously when the reply arrives, with `undefined` when none
   * will.
   */
  readonly request: (body: RequestBody, answer: (reply: Control.Reply | undefined) => void) => void
  /** `request` for those who can wait. Fails with `ServerUnreachable` when there is no answer. */
  readonly ask: (body: RequestBody) => Effect.Effect<Control.Reply, ClientError>
  /** Gives the server a packet to carry; lost when there is no link now. */
  readonly relay: (channel: string, packet: Uint8Array) => void
  /**
   * The machine has lost these addresses: a link from one of them is dead, and is dialled anew instead of waited for.
   */
  readonly addressesGone: (addresses: ReadonlyArray<string>) => void
  /** The server has accepted us: the next loss starts with short waits again. */
  readonly settled: () => void
  /** Says goodbye and never dials again. */
  readonly close: (mood: typeof Control.Mood.Type | undefined) => void
  /** After `close`: the goodbye is out, or the server did not take it in `GOODBYE` ms. */
  readonly gone: Effect.Effect<void>
}

export interface ServerLinkOptions {
  readonly host: string
  readonly port: number
  /** Whether there is anything to be connected for. While there is not, a lost link stays lost, and is no event. */
  readonly wanted: () => boolean
  readonly onReady: (welcome: typeof Control.Welcome.Type, remote: Endpoint) => void
  readonly onEvent: (event: PushedEvent) => void
  /** A packet that the server carried; base64url. */
  readonly onRelay: (channel: string, packet: string) => void
  /** The link is gone; called before unanswered requests learn of it. */
  readonly onDown: () => void
  readonly onLost: (message: string, retryInMs: number) => void
}

/** What the server says on its own account. */
export type PushedEvent = Exclude<
  ControlEvent,
  { readonly _tag: "Ready" | "Answered" | "Unanswered" | "Restarting" | "Broken" | "Bye" | "Relay" }
>

export const make = (options: ServerLinkOptions): Effect.Effect<ServerLink, never, Dialer | Scope.Scope> =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    const time = yield* Time.make
    const wanted = yield* Effect.makeLatch(false)
    const isReady = yield* Effect.makeLatch(false)
    const backoff = new Backoff()
    let link: Link | undefined
    let closed = false
    /** Monotonic time before which the server asked us not to come back, with the reason it gave. */
    let notBefore = 0

    const flush = (current: Link) => {
      // A request from inside a handler leaves the rest to the loop that called the handler: one event at a time.
      if (current.draining) return
      current.draining = true
      const { connection, machine } = current
      const now = time.monotonic()
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent())
        handle(current, event, now)
      for (let data = machine.pollTransmit(); data !== undefined; data = machine.pollTransmit())
        if (!connection.send(data)) connection.destroy()
      current.draining = false
      if (link === current) alarm.set(machine.pollTimeout())
      if (closed) connection.end()
    }

    const handle = (current: Link, event: ControlEvent, now: number) => {
      switch (event._tag) {
        case "Ready":
          options.onReady(event.welcome, current.connection.remote)
          return isReady.unsafeOpen()
        case "Answered":
          return current.settle(event.id, event.reply)
        case "Unanswered":
          return current.settle(event.id, undefined)
        case "Restarting":
          current.epitaph = "the server restarts"
          notBefore = now + Math.min(event.inMs + current.draw * event.spreadMs, LONGEST_RESTART)
          return
        case "Broken":
          current.epitaph = event.message
          return current.connection.destroy()
        case "Bye":
          return
        case "Relay":
          return options.onRelay(event.channel, event.packet)
        case "Refused":
          current.epitaph = event.refusal.message
          if (event.refusal._tag === "RateLimited")
            notBefore = now + Math.min(event.refusal.retryAfterMs, LONGEST_RESTART)
          return options.onEvent(event)
        default:
          return options.onEvent(event)
      }
    }

    const alarm = yield* Alarm.make((now) => {
      if (link === undefined) return
      link.machine.handleTimeout(now)
      flush(link)
    })

    /** One connection from dialling to its end; what ended it. */
    const connect = Effect.gen(function* () {
      const ended = yield* Deferred.make<string>()
      const draw = yield* Random.next
      yield* dialer.dial({ host: options.host, port: options.port }, (connection) => {
        const current = new Link(connection, new ControlLink(time.monotonic()), draw)
        link = current
        alarm.set(current.machine.pollTimeout())
        return {
          onData: (data) => {
            current.machine.handleBytes(data, time.monotonic())
            flush(current)
          },
          onClose: (reason) => {
            link = undefined
            isReady.unsafeClose()
            alarm.set(undefined)
            options.onDown()
            current.settleAll()
            Deferred.unsafeDone(ended, Effect.succeed(current.epitaph ?? epitaphs[reason]))
          }
        }
      })
      return closed ? "" : yield* Deferred.await(ended)
    }).pipe(
      Effect.scoped,
      Effect.catchAll((error) => Effect.succeed(error.message))
    )

    const keepConnected = Effect.gen(function* () {
      while (!closed) {
        yield* wanted.await
        const message = yield* connect
        if (closed) return
        if (!options.wanted()) {
          wanted.unsafeClose()
          continue
        }
        const wait = Math.max(backoff.next(yield* Random.next), Math.ceil(notBefore - time.monotonic()))
        options.onLost(message, wait)
        yield* Effect.sleep(Duration.millis(wait))
      }
    })

    const request: ServerLink["request"] = (body, answer) => {
      const current = link
      const id = current?.machine.request(body, time.monotonic())
      if (current === undefined || id === undefined) return answer(undefined)
      current.expect(id, answer)
      flush(current)
    }

    const close: ServerLink["close"] = (mood) => {
      if (closed) return
      closed = true
      if (link === undefined) return
      link.machine.exit(mood)
      flush(link)
    }

    const loop = yield* Effect.forkScoped(keepConnected)
    const gone = Effect.suspend(() => (link === undefined ? Effect.void : Fiber.await(loop))).pipe(
      Effect.interruptible,
      Effect.timeoutOption(Duration.millis(GOODBYE)),
      Effect.asVoid
    )
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Effect.sync(() => close(undefined)),
        gone
      )
    )

    return {
      wake: Effect.sync(() => wanted.unsafeOpen()),
      ready: isReady.await,
      up: () => link?.machine.ready === true,
      request,
      relay: (channel, packet) => {
        if (link === undefined) return
        link.machine.relay(channel, packet)
        flush(link)
      },
      ask: (body) =>
        Effect.async<Control.Reply, ClientError>((resume) =>
          request(body, (reply) =>
            resume(reply === undefined ? Effect.fail(unreachable(NO_ANSWER)) : Effect.succeed(reply))
          )
        ),
      addressesGone: (addresses) => {
        if (link === undefined || !addresses.includes(link.connection.local.address)) return
        link.epitaph = "this machine's network changed"
        link.connection.destroy()
      },
      settled: () => backoff.reset(),
      close,
      gone
    }
  })

/** No honest restart takes longer; a hostile server shall not send us to sleep for days. */
const LONGEST_RESTART = 10 * 60_000

/**
 * Milliseconds: one round trip to the far side of the world, and some. Without a goodbye the nickname is held for its
 * grace time.
 */
const GOODBYE = 500

const NO_ANSWER = "the server cannot be reached now; it is tried again by itself"

const epitaphs: { readonly [reason in CloseReason]: string } = {
  ended: "the server closed the connection",
  reset: "the connection to the server broke",
  local: "the connection to the server was closed"
}

/** One connection with its machine, and who waits for which reply. */
class Link {
  /** Why the connection ends, when we know better than the socket does. */
  epitaph: string | undefined
  draining = false
  private readonly waiting = new Map<number, (reply: Control.Reply | undefined) => void>()

  constructor(
    readonly connection: Connection,
    readonly machine: ControlLink,
    /** This client's place in the spread of a restart, in [0, 1). */
    readonly draw: number
  ) {}

  /** Bounded by the machine's table of unanswered requests. */
  expect(id: number, answer: (reply: Control.Reply | undefined) => void): void {
    this.waiting.set(id, answer)
  }

  settle(id: number, reply: Control.Reply | undefined): void {
    const answer = this.waiting.get(id)
    this.waiting.delete(id)
    answer?.(reply)
  }

  settleAll(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, undefined)
  }
}

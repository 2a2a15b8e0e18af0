import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { ClientError, unreachable } from "../core/client/ClientError.js"
import type { RequestBody } from "../core/control/ServerCodec.js"
import { type Card, type LanIntroduction, Neighbourhood, type NeighbourhoodEvent } from "../core/lan/Neighbourhood.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Bytes from "../protocol/Bytes.js"
import * as Control from "../protocol/Control.js"
import { NONCE_BYTES } from "../protocol/Lan.js"
import * as Alarm from "../services/Alarm.js"
import { Crypto } from "../services/Crypto.js"
import { Datagrams } from "../services/Datagrams.js"
import { Entropy } from "../services/Entropy.js"
import { Interfaces } from "../services/Interfaces.js"
import { LanDiscovery } from "../services/LanDiscovery.js"
import * as Time from "../services/Time.js"
import type { PushedEvent, ServerLink } from "./ServerLink.js"

export interface LanLinkOptions {
  /** UDP port of the peer link. */
  readonly port: number
  readonly onReady: (welcome: typeof Control.Welcome.Type, remote: Endpoint.Endpoint) => void
  readonly onEvent: (event: PushedEvent) => void
  /** The local network cannot be asked; it is tried again in `retryInMs`. */
  readonly onLost: (message: string, retryInMs: number) => void
}

export interface LanLink extends ServerLink {
  /** Whether a nickname, or what the list shows for one, means somebody on this network. */
  readonly knows: (nick: string) => boolean
}

/**
 * The local network in the part of a server: it registers, lists, introduces and tells who comes and goes, as a server
 * does, though there is none (docs/protocol.md §4). What is asked in the first second waits for the network to answer.
 */
export const make = (
  options: LanLinkOptions
): Effect.Effect<LanLink, ClientError, Crypto | Datagrams | Entropy | Interfaces | Scope.Scope> =>
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const entropy = yield* Entropy
    const time = yield* Time.make
    const discovery = Option.getOrUndefined(yield* Effect.serviceOption(LanDiscovery))
    if (discovery === undefined) return yield* noNetwork("this program cannot look for others on the local network")
    const own = (yield* (yield* Interfaces).addresses).find(({ family, loopback }) => family === "ipv4" && !loopback)
    const started = yield* Deferred.make<Neighbourhood>()
    const waiting = new Map<number, (reply: Control.Reply) => void>()
    /** Questions from before the network had time to answer. */
    const early: Array<() => void> = []
    let machine: Neighbourhood | undefined
    let ourselves: ReadonlyArray<ReturnType<typeof entry>> = []
    let settles = Number.POSITIVE_INFINITY
    let nextId = 0
    let version = 0
    let draining = false
    let closed = false

    const drain = () => {
      if (machine === undefined || draining) return
      draining = true
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) handle(event)
      for (let packet = machine.pollTransmit(); packet !== undefined; packet = machine.pollTransmit())
        socket.send(packet.to, packet.data)
      draining = false
      const next = Math.min(machine.pollTimeout() ?? Number.POSITIVE_INFINITY, early.length > 0 ? settles : Infinity)
      alarm.set(Number.isFinite(next) ? next : undefined)
    }
    const drive = (use: (machine: Neighbourhood, now: number) => void) => {
      if (machine === undefined || closed) return
      use(machine, time.monotonic())
      drain()
    }

    const alarm = yield* Alarm.make((now) => {
      if (now >= settles) for (const question of early.splice(0)) question()
      drive((neighbourhood) => neighbourhood.handleTimeout(now))
    })
    const socket = yield* (yield* Datagrams)
      .bind({
        family: "ipv4",
        port: 0,
        onDatagram: (from, data) =>
          drive((neighbourhood, now) => neighbourhood.handleDatagram(from, data, now, time.wall()))
      })
      .pipe(Effect.mapError(({ message }) => noNetwork(`no UDP socket: ${message}`)))

    const handle = (event: NeighbourhoodEvent) => {
      switch (event._tag) {
        case "Answered": {
          const answer = waiting.get(event.id)
          waiting.delete(event.id)
          return answer?.(
            typeof event.answer === "string"
              ? new Control.NoSuchPeer({ id: 0, message: event.answer })
              : { _tag: "Peer", id: 0, ...introduction(event.answer) }
          )
        }
        case "Incoming":
          return options.onEvent({ _tag: "Incoming", ...introduction(event.introduction) })
        default:
          version++
          return options.onEvent({ _tag: event._tag, version, ...entry(event.card) })
      }
    }

    /** Runs `question` now if it can be answered, or the first second is over. */
    const settled = (canAnswer: boolean, question: () => void) => {
      if (canAnswer || time.monotonic() >= settles || early.length >= MAX_EARLY) return question()
      early.push(question)
      drain()
    }

    const request: ServerLink["request"] = (body, answer) => {
      if (closed) return answer(undefined)
      switch (body._tag) {
        case "Register":
          return register(body, answer)
        case "List":
          return settled(false, () => {
            const clients = [...ourselves, ...(machine?.list() ?? []).map(entry)].map((one) => ({ ...one, since: 0 }))
            answer({ _tag: "Clients", id: 0, clients })
          })
        case "Query":
          return settled(machine !== undefined && machine.find(body.nick).length > 0, () => {
            const id = nextId++
            waiting.set(id, answer)
            drive((neighbourhood, now) => neighbourhood.query(body.nick, id, now))
          })
        case "Watch":
          return answer({ _tag: "Watching", id: 0, version })
        case "Unwatch":
          return answer({ _tag: "Unwatched", id: 0 })
        case "Update":
          return answer({ _tag: "Updated", id: 0 })
        case "Ping":
          return answer({ _tag: "Pong", id: 0 })
      }
    }

    const register = (
      body: RequestBody & { readonly _tag: "Register" },
      answer: (reply: Control.Reply | undefined) => void
    ) => {
      const identity = Bytes.fromBase64Url(body.identity ?? "")
      const record = Bytes.fromBase64Url(body.record ?? "")
      if (identity === undefined || record === undefined)
        return answer(
          new Control.Unsupported({ id: 0, message: "an anonymous nickname cannot be shown on a local network" })
        )
      const now = time.monotonic()
      if (machine === undefined) {
        machine = new Neighbourhood({ crypto, identity, nonce: entropy.bytes(NONCE_BYTES), port: options.port }, now)
        settles = now + SETTLE
        Deferred.unsafeDone(started, Effect.succeed(machine))
      }
      drive((neighbourhood) => neighbourhood.setRecord(record, body.nick, now))
      const observed = `${own?.address ?? "127.0.0.1"}:${options.port}`
      ourselves = [{ nick: body.nick, address: observed, fingerprint: Fingerprint.of(crypto, identity) }]
      answer({ _tag: "Registered", id: 0, nick: body.nick, lease: LEASE, observed, resume: "" })
    }

    const join = Effect.gen(function* () {
      const { name } = yield* Deferred.await(started)
      yield* discovery.join({
        name,
        port: socket.local.port,
        onFound: (neighbour, endpoint) => drive((neighbourhood, now) => neighbourhood.found(neighbour, endpoint, now)),
        onLost: (neighbour) => drive((neighbourhood) => neighbourhood.lost(neighbour))
      })
    })
    yield* Effect.forkScoped(
      join.pipe(
        Effect.tapError(({ message }) => Effect.sync(() => options.onLost(message, RETRY))),
        Effect.retry({ schedule: Schedule.spaced(Duration.millis(RETRY)) }),
        Effect.zipRight(Effect.never),
        Effect.scoped
      )
    )

    return {
      wake: Effect.sync(() => {
        if (machine === undefined) options.onReady(WELCOME, socket.local)
      }),
      ready: Effect.void,
      up: () => !closed,
      request,
      ask: (body) =>
        Effect.async<Control.Reply, ClientError>((resume) =>
          request(body, (reply) =>
            resume(reply === undefined ? Effect.fail(unreachable("this client has left")) : Effect.succeed(reply))
          )
        ),
      relay: () => {},
      addressesGone: () => {},
      settled: () => {},
      close: () => {
        closed = true
      },
      gone: Effect.void,
      knows: (nick) => machine !== undefined && machine.find(nick).length > 0
    }
  })

const entry = ({ endpoint, fingerprint, label }: Card) => ({
  nick: label,
  address: Endpoint.format(endpoint),
  fingerprint
})

const introduction = ({ channel, endpoint, nick, pairKey, record }: LanIntroduction) => ({
  nick,
  address: Endpoint.format(endpoint),
  record: Bytes.toBase64Url(record),
  candidates: [Endpoint.format(endpoint)],
  channel: Bytes.toBase64Url(channel),
  pairKey: Bytes.toBase64Url(pairKey)
})

const noNetwork = (message: string): ClientError => new ClientError({ code: "NoNetwork", message })

/** A greeting in the name of nobody: no reflector, nothing to prove. */
const WELCOME: typeof Control.Welcome.Type = {
  _tag: "Welcome",
  protocol: Control.PROTOCOL_VERSION,
  server: "local network",
  challenge: "",
  limits: { line: Control.MAX_LINE, idleMs: 45_000, registerMs: 10_000 },
  udp: []
}

/** Milliseconds until whoever is here has answered the first question, on Wi-Fi too. */
const SETTLE = 1_000
/** Questions of the first second that wait. */
const MAX_EARLY = 64
/** Milliseconds between attempts to look for others. */
const RETRY = 30_000
/** Milliseconds; nobody takes a nickname away here. */
const LEASE = 86_400_000

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { AddressGate } from "../core/rendezvous/AddressGate.js"
import type { Corner } from "../core/rendezvous/Reflector.js"
import type { SessionId } from "../core/rendezvous/Registration.js"
import type { RegistryEvent } from "../core/rendezvous/RegistryMachine.js"
import { type Forward, Relay } from "../core/rendezvous/Relay.js"
import { Session } from "../core/rendezvous/Session.js"
import { DeadlineWheel, type Timed } from "../core/support/DeadlineWheel.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "../protocol/Bytes.js"
import { encodeMessage, encodeRefusal } from "../protocol/ControlCodec.js"
import * as Alarm from "../services/Alarm.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import { Entropy } from "../services/Entropy.js"
import { type ListenError, Listener } from "../services/Listener.js"
import * as Time from "../services/Time.js"
import { Announcer } from "./Announcer.js"
import { Counters, type ServerStats } from "./Counters.js"
import * as Reflector from "./Reflector.js"
import * as Registry from "./Registry.js"
import { defaults, type ServerOptions } from "./ServerOptions.js"
import { type Hub, RENEW_EVERY_MS, SessionDriver } from "./SessionDriver.js"

/** A running rendezvous server. */
export class Server extends Context.Tag("parley/server/Server")<Server, ServerApi>() {}

export interface ServerApi {
  /** Where it listens. */
  readonly local: Endpoint.Endpoint
  readonly stats: Effect.Effect<ServerStats, Registry.RegistryError>
}

/**
 * Starts a server that serves as long as the scope lives. Options left out take `ServerOptions.defaults`.
 *
 * Closing the scope stops accepting, tells every client `Restarting`, lets the connections send what is queued for at
 * most half a second, and closes them. Fails with `ListenError` when it cannot listen; afterwards nothing that clients
 * do makes it fail.
 */
export const make = (
  options: Partial<ServerOptions> = {}
): Effect.Effect<ServerApi, ListenError, Scope.Scope | Listener | Datagrams | Entropy | Crypto | Registry.Registry> =>
  Effect.gen(function* () {
    const settings: ServerOptions = { ...defaults, ...options }
    const listener = yield* Listener
    const entropy = yield* Entropy
    const crypto = yield* Crypto
    const registry = yield* Registry.Registry
    const time = yield* Time.make
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const drivers = new Map<SessionId, SessionDriver>()
    const gate = new AddressGate(settings.address)
    const announcer = new Announcer()
    const counters = new Counters()
    const wheel = new DeadlineWheel<Timed>()
    const relay = settings.relay === undefined ? undefined : new Relay<Corner>(settings.relay)
    let reflector: Reflector.Reflector | undefined
    let sessions = 0
    let closing = false

    const alarm = yield* Alarm.make((now) => {
      wheel.handleTimeout(now)
      alarm.set(wheel.pollTimeout())
    })
    const schedule = (item: Timed) => {
      wheel.schedule(item)
      alarm.set(wheel.pollTimeout())
    }

    const carry = (forward: Forward<Corner> | undefined) => {
      if (forward?._tag === "Datagram") return reflector?.send(forward.via, forward.to, forward.data)
      if (forward === undefined) return
      const { channel, packet, session } = forward
      if (drivers.get(session)?.deliver(encodeMessage({ _tag: "Relay", channel, packet })) !== true) {
        relay?.congested(Math.floor((packet.length * 3) / 4))
      }
    }

    /** Gives what there is to say of it, for when it is known that anybody is served at all. */
    const reflect = (port: number, address: string | undefined) => {
      const attempt = (wanted: number) =>
        Reflector.make({
          port: wanted,
          software: settings.software,
          ...(address === undefined ? {} : { addresses: [{ bind: address }] }),
          onRelay: (from, corner, data) => carry(relay?.handleDatagram(from, corner, data, time.monotonic()))
        })
      // Who let the system choose the port of the control link has opened no number in a firewall: any other will do as
      // well.
      const any = settings.port === 0
      return attempt(port).pipe(
        Effect.catchIf(
          ({ reason }) => any && reason === "AddressInUse",
          () => attempt(0)
        ),
        Effect.map((made) => {
          reflector = made
          return Effect.void
        }),
        // Conversations find other ways, and a relay over the control links.
        Effect.catchAll(({ message }) => Effect.succeed(Effect.logWarning(`no UDP on port ${port}: ${message}`)))
      )
    }

    const hub: Hub = {
      registry,
      crypto,
      time,
      announcer,
      counters,
      sendQueue: settings.sendQueue,
      fork,
      schedule,
      relay: (from, channel, packet) => carry(relay?.handleLine(from, channel, packet, time.monotonic())),
      onEnd: (driver, ending) => {
        wheel.remove(driver)
        drivers.delete(driver.id)
        gate.leave(driver.connection.remote)
        fork(Effect.annotateLogs(Effect.logDebug("session over"), { session: driver.id, ending }))
      }
    }

    const accept = (connection: Connection): ConnectionHandler => {
      const refusal = closing ? GOING_DOWN : drivers.size >= settings.maxConnections ? FULL : undefined
      if (refusal !== undefined) return turnAway(connection, refusal)
      if (!gate.enter(connection.remote, time.monotonic())) return turnAway(connection, TOO_MANY)
      const id = String(++sessions)
      const challenge = entropy.bytes(CHALLENGE_BYTES)
      const observed = Endpoint.format(connection.remote)
      const session = new Session(
        {
          limits: settings.session,
          software: settings.software,
          challenge: Bytes.toBase64Url(challenge),
          observed,
          token: settings.token,
          motd: settings.motd?.slice(0, MAX_MOTD),
          udp: reflector?.ports ?? []
        },
        time.monotonic()
      )
      const driver = new SessionDriver(id, connection, session, challenge, hub)
      drivers.set(id, driver)
      counters.accepted++
      fork(Effect.annotateLogs(Effect.logDebug("session begins"), { session: id, from: observed }))
      driver.drive()
      return driver
    }

    const turnAway = (connection: Connection, line: Uint8Array): ConnectionHandler => {
      counters.refused++
      connection.send(line)
      connection.end()
      return IGNORE
    }

    yield* registry.subscribe((event: RegistryEvent) => {
      switch (event._tag) {
        case "Presence":
          announcer.announce(event.line, time.monotonic())
          return schedule(announcer)
        case "Incoming":
          return drivers.get(event.session)?.push(event.line)
        case "Replaced":
          return drivers.get(event.session)?.end("replaced", encodeMessage({ _tag: "Replaced" }))
        case "Lapsed":
          return drivers.get(event.session)?.end("idle", LAPSED)
        case "Opened":
          return relay?.open(event.channel, event.ends, time.monotonic())
        case "Closed":
          return relay?.close(event.channel)
      }
    })

    // Before the first client comes, where the place is known without the listener's help.
    const early = settings.port !== 0 && (settings.host === undefined || Endpoint.make(settings.host, 0) !== undefined)
    const reflected = early ? yield* reflect(settings.port, specified(settings.host)) : undefined
    const { local } = yield* listener.listen(
      {
        ...(settings.host === undefined ? {} : { host: settings.host }),
        port: settings.port,
        sendQueue: settings.sendQueue
      },
      accept
    )
    yield* reflected ?? Effect.flatten(reflect(local.port, specified(local.address)))
    yield* Effect.logInfo(`listening on ${Endpoint.format(local)}`)

    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        closing = true
        yield* Effect.annotateLogs(Effect.logInfo("going down"), { sessions: drivers.size })
        const line = encodeMessage({ _tag: "Restarting", ...settings.restart })
        for (const driver of [...drivers.values()]) driver.end("restarting", line)
      })
    )

    const stats = Effect.map(
      registry.stats,
      ({ live, names }): ServerStats => ({
        connections: drivers.size,
        watchers: announcer.size,
        live,
        names,
        accepted: counters.accepted,
        refused: counters.refused,
        requests: counters.requests,
        endings: { ...counters.endings },
        moods: { ...counters.moods },
        ...(relay === undefined ? {} : { relay: { ...relay.stats, channels: relay.size } }),
        ...(reflector === undefined ? {} : { reflector: reflector.stats() })
      })
    )
    return { local, stats }
  })

/** A server on whatever registry is given. */
export const layer = (
  options: Partial<ServerOptions> = {}
): Layer.Layer<Server, ListenError, Listener | Datagrams | Entropy | Crypto | Registry.Registry> =>
  Layer.scoped(Server, make(options))

/** A server by itself: its registry is in this process. */
export const layerStandalone = (
  options: Partial<ServerOptions> = {}
): Layer.Layer<Server, ListenError, Listener | Datagrams | Entropy | Crypto> =>
  Layer.provide(layer(options), layerRegistry({ ...defaults, ...options }))

/** The registry of `layerStandalone`, for whoever wants to put something between. */
export const layerRegistry = ({ session, graceMs, maxNames, relay, reserved }: ServerOptions) =>
  Registry.layerMemory({
    leaseMs: session.idleMs + 2 * RENEW_EVERY_MS,
    graceMs,
    maxNames,
    reserved,
    relay: relay !== undefined
  })

/** The address to bind UDP to as well; none for "all of them". */
const specified = (host: string | undefined): string | undefined =>
  host === "0.0.0.0" || host === "::" ? undefined : host

const CHALLENGE_BYTES = 32
/** As in `Welcome`. */
const MAX_MOTD = 2048

const busy = (message: string): Uint8Array => Bytes.fromText(encodeRefusal(undefined, { _tag: "Busy", message }))
const FULL = busy("this server is full; try later")
const TOO_MANY = busy("too many connections from this address; try later")
const GOING_DOWN = busy("this server is going down")
const LAPSED = encodeRefusal(undefined, { _tag: "NotRegistered", message: "the lease ran out; connect again" })

const IGNORE: ConnectionHandler = { onData: () => {}, onClose: () => {} }

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../domain/Endpoint.js"
import * as Alarm from "../services/Alarm.js"
import { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import { Entropy } from "../services/Entropy.js"
import type { ListenError, Listener, ListeningTls } from "../services/Listener.js"
import { Registry } from "../services/Registry.js"
import { immediate, SignatureVerifier } from "../services/SignatureVerifier.js"
import type { Store, StoreError } from "../services/Store.js"
import * as Time from "../services/Time.js"
import * as Timer from "../services/Timer.js"
import { Access, none } from "./Access.js"
import { AdminDesk } from "./AdminDesk.js"
import * as AdminSocket from "./AdminSocket.js"
import { Agreement } from "./Agreement.js"
import type { ServerStats } from "./Counters.js"
import * as Draining from "./Draining.js"
import * as EmbeddedRegistry from "./EmbeddedRegistry.js"
import { Hub } from "./Hub.js"
import * as Listeners from "./Listeners.js"
import { Neighbours } from "./Nodes.js"
import * as Reflector from "./Reflector.js"
import { type Changeable, defaults, type ServerOptions } from "./ServerOptions.js"

/**
 * A running rendezvous server.
 *
 * @since 0.1.0
 */
export class Server extends Context.Tag("parley/server/Server")<Server, ServerApi>() {}

/**
 * What a running server can be asked.
 *
 * @since 0.1.0
 */
export interface ServerApi {
  /** Where it listens. */
  readonly local: Endpoint.Endpoint
  /** Where it encrypts. */
  readonly tls?: ListeningTls
  readonly stats: Effect.Effect<ServerStats>
  /** Why no client should be sent here now, if that is so. */
  readonly unready: Effect.Effect<string | undefined>
  /** Lets nobody in any more, and sends those who are here on to come back later, within this time (ms). */
  readonly drain: (withinMs: number) => Effect.Effect<void>
  /** Done when a server that was drained is empty. */
  readonly drained: Effect.Effect<void>
  /** Behaves so from now on. Sessions that are here keep the limits of a session that they came with. */
  readonly change: (options: Partial<Changeable>) => Effect.Effect<void>
}

/**
 * Starts a server that serves as long as the scope lives. Options left out take `serverDefaults`.
 *
 * Proofs of identity are verified by the `SignatureVerifier`, where there is one, and otherwise on the spot.
 *
 * Closing the scope stops accepting, tells every client `Restarting`, lets the connections send what is queued for at
 * most half a second, and closes them. Fails with `ListenError` when it cannot listen; afterwards nothing that clients
 * do makes it fail.
 */
export const make = (
  options: Partial<ServerOptions> = {}
): Effect.Effect<ServerApi, ListenError, Scope.Scope | Listener | Datagrams | Entropy | Crypto | Registry> =>
  Effect.gen(function* () {
    const settings: ServerOptions = { ...defaults, ...options }
    const hub = yield* makeHub(settings)
    const agreement = yield* agree(hub)
    // Before the first client comes, where the place is known without the listener's help.
    const early = settings.port !== 0 && (settings.host === undefined || Endpoint.make(settings.host, 0) !== undefined)
    const reflected = early ? yield* reflect(hub, settings.port, specified(settings.host)) : undefined
    const { main, others, tls } = yield* Listeners.open(settings, {
      accept: (connection) => hub.accept(connection),
      badProxy: (remote) => hub.badProxy(remote),
      trouble: (message) => hub.trouble(message)
    })
    const { capacity, hostNames, local } = main
    const { drain, ended } = yield* Draining.make(hub)
    if (settings.admin !== undefined) {
      const entropy = yield* Entropy
      yield* AdminSocket.serve(settings.admin, new AdminDesk(hub, entropy.bytes, drain, agreement), hub.access.save)
    }
    if (capacity !== undefined) hub.limit(capacity)
    hub.names.add(hostNames)
    hub.names.port = local.port
    yield* reflected ?? Effect.flatten(reflect(hub, local.port, specified(local.address)))
    yield* Effect.annotateLogs(Effect.logInfo("listening"), { at: [Endpoint.format(local), ...others].join(",") })
    yield* Effect.addFinalizer(() =>
      Effect.annotateLogs(Effect.logInfo("going down"), { sessions: hub.size }).pipe(
        Effect.zipRight(Effect.sync(() => hub.close()))
      )
    )
    return {
      local,
      ...(tls === undefined ? {} : { tls }),
      stats: Effect.sync(() => hub.stats()),
      unready: Effect.sync(() => hub.unready),
      drain: (withinMs) => Effect.sync(() => drain(withinMs)),
      drained: ended,
      change: (changes) => Effect.sync(() => hub.change(changes))
    }
  })

/** A server on whatever registry is given. */
export const layer = (
  options: Partial<ServerOptions> = {}
): Layer.Layer<Server, ListenError, Listener | Datagrams | Entropy | Crypto | Registry> =>
  Layer.scoped(Server, make(options))

/**
 * A server by itself: its registry is in this process.
 *
 * @since 0.1.0
 */
export const layerStandalone = (
  options: Partial<ServerOptions> = {}
): Layer.Layer<Server, ListenError, Listener | Datagrams | Entropy | Crypto> =>
  Layer.provide(layer(options), layerRegistry({ ...defaults, ...options }))

/** The same, with the nicknames of identities kept in this file of the store, over quits and restarts. */
export const layerKeepingNames = (
  options: Partial<ServerOptions>,
  file: string,
  release: ReadonlyArray<string> = []
): Layer.Layer<Server, ListenError | StoreError, Listener | Datagrams | Entropy | Crypto | Store> => {
  const { graceMs, maxNames, reserved } = { ...defaults, ...options }
  return Layer.provide(layer(options), EmbeddedRegistry.layerKeeping({ graceMs, maxNames, reserved }, file, release))
}

/** The registry of `layerStandalone`, for whoever wants to put something between. */
export const layerRegistry = ({ graceMs, maxNames, reserved }: ServerOptions) =>
  EmbeddedRegistry.layer({ graceMs, maxNames, reserved })

const makeHub = (settings: ServerOptions) =>
  Effect.gen(function* () {
    const cluster = yield* Effect.serviceOption(Neighbours)
    const registry = yield* Registry
    const crypto = yield* Crypto
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const hub: Hub = new Hub(settings, {
      registry,
      crypto,
      verifier: Option.getOrElse(yield* Effect.serviceOption(SignatureVerifier), () => immediate(crypto)),
      entropy: yield* Entropy,
      time: yield* Time.make,
      ...(Option.isSome(cluster) ? { cluster: cluster.value } : {}),
      access: Option.getOrElse(yield* Effect.serviceOption(Access), none),
      later: yield* Timer.makeSoon,
      log: (level, message, annotations) =>
        fork(Effect.annotateLogs(level === "info" ? Effect.logInfo(message) : Effect.logWarning(message), annotations)),
      onDeadline: () => alarm.set(hub.pollTimeout())
    })
    const alarm = yield* Alarm.make((now) => {
      hub.handleTimeout(now)
      alarm.set(hub.pollTimeout())
    })
    yield* registry.subscribe((event) => hub.handleEvent(event))
    return hub
  })

/** Where there are other nodes: has all of them decide alike who may be here. Whoever comes to this one finds it so. */
const agree = (hub: Hub) =>
  Effect.gen(function* () {
    const cluster = yield* Effect.serviceOption(Neighbours)
    if (Option.isNone(cluster)) return undefined
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const agreement = new Agreement(hub, cluster.value, (message) => fork(Effect.logWarning(message)))
    yield* agreement.catchUp
    yield* agreement.keepTelling
    return agreement
  })

/**
 * Opens the UDP sockets; gives the log line to write once the server listens, if they could not be opened:
 * conversations then find other ways, and a relay over the control links.
 */
const reflect = (hub: Hub, port: number, address: string | undefined) => {
  const { settings } = hub
  const attempt = (wanted: number) =>
    Reflector.make({
      port: wanted,
      software: settings.software,
      limits: settings.stun,
      ...(address === undefined ? {} : { addresses: [{ bind: address }] }),
      isKnown: (address) => hub.isAt(address),
      onRelay: (from, corner, data) => hub.relayDatagram(from, corner, data)
    })
  // Whoever let the system choose the port of the control link has opened no number in a firewall: any other will do as
  // well.
  const any = settings.port === 0
  return attempt(port).pipe(
    Effect.catchIf(
      ({ reason }) => any && reason === "AddressInUse",
      () => attempt(0)
    ),
    Effect.map((made) => {
      hub.reflector = made
      return Effect.void
    }),
    Effect.catchAll(({ message }) =>
      Effect.succeed(Effect.annotateLogs(Effect.logWarning("no UDP"), { port, error: message }))
    )
  )
}

/** The address to bind UDP to as well; none for "all of them". */
const specified = (host: string | undefined): string | undefined =>
  host === "0.0.0.0" || host === "::" ? undefined : host

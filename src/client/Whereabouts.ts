import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HostCandidates from "../core/client/HostCandidates.js"
import type { PathPolicies } from "../core/client/PathPolicies.js"
import * as Endpoint from "../domain/Endpoint.js"
import { type InterfaceAddress, Interfaces } from "../services/Interfaces.js"
import { Resolver } from "../services/Resolver.js"
import { type ClientOptions, MAX_STUN } from "./ClientOptions.js"
import * as ForwardedPort from "./ForwardedPort.js"
import type { PeerLink } from "./PeerLink.js"
import type { Self } from "./Self.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Where we may be reached: collects it from the machine and from servers that see us, notices when it changes, and
 * tells the peers and the server. Whoever is to be reached over the relay only is nowhere.
 */
export interface Whereabouts {
  /** What peers and the server may know. At most `HostCandidates.MAX_CANDIDATES`. */
  readonly candidates: () => ReadonlyArray<Endpoint.Endpoint>
  /** A server on this endpoint has greeted, with its UDP ports. */
  readonly greeted: (remote: Endpoint.Endpoint, udp: ReadonlyArray<number>) => void
  /** These candidates go to the server with a registration. */
  readonly registering: () => ReadonlyArray<Endpoint.Endpoint>
  /** Something may have changed: the machine's addresses are read again at once. */
  readonly check: () => void
  /** Servers see us otherwise than before; `moved`: somewhere else. */
  readonly seen: (moved: boolean) => void
  /** What may be told is more or less than before. */
  readonly announce: () => void
}

export const make = (options: {
  readonly stun: ClientOptions["stun"]
  readonly portMapping: ClientOptions["portMapping"]
  readonly self: Self
  readonly peers: PeerLink
  readonly server: ServerLink
  readonly policies: PathPolicies
  /** Called now and then, to renew what grows old. */
  readonly onTick: () => void
  /** The server knows where we are now. */
  readonly onTold: () => void
}): Effect.Effect<Whereabouts, never, Interfaces | Resolver | Scope.Scope> =>
  Effect.gen(function* () {
    const { onTick, onTold, peers, policies, self, server } = options
    const interfaces = yield* Interfaces
    const resolver = yield* Resolver
    const wake = yield* Effect.makeLatch(false)
    let addresses: ReadonlyArray<InterfaceAddress> = yield* interfaces.addresses
    let reachedServer = false
    let serverOnLoopback = false
    /** As the peers, and as the server, have been told. */
    let current = ""
    let told = ""

    const hosts = () => HostCandidates.select(addresses, peers.ports, serverOnLoopback)
    const candidates = () =>
      policies.everybody === "relay-only"
        ? []
        : HostCandidates.withOuter(hosts(), [
            ...forwarded.candidates(),
            ...peers.outside(({ candidates }) => candidates)
          ])

    /** A router lies between us and the server, as far as we know, and may learn of us. */
    const wantForwarding = () => {
      if (reachedServer && !serverOnLoopback && policies.everybody !== "relay-only") forwarded.want()
    }

    const announce = () => {
      const { record } = self
      wantForwarding()
      const endpoints = candidates().map(Endpoint.format)
      const text = endpoints.join()
      if (record !== undefined && text !== current) {
        current = text
        peers.drive((machine, now) => machine.setLocal(record, candidates(), now))
      }
      if (text === told || self.registration === undefined) return
      told = text
      server.request({ _tag: "Update", endpoints }, onTold)
    }

    const refresh = Effect.gen(function* () {
      const before = addresses
      addresses = yield* interfaces.addresses
      onTick()
      if (textOf(before) !== textOf(addresses)) {
        peers.outside((outside, now) => outside.networkChanged(now))
        forwarded.networkChanged()
        const gone = before.filter(({ address }) => !addresses.some((other) => other.address === address))
        server.addressesGone(gone.map(({ address }) => address))
      }
      announce()
    })

    const forwarded = yield* ForwardedPort.make({
      port: options.portMapping === false ? undefined : peers.ports.ipv4,
      onChange: announce
    })

    yield* Effect.forkScoped(
      Effect.forever(
        Effect.timeoutOption(wake.await, Duration.millis(REFRESH)).pipe(
          Effect.zipRight(Effect.sync(() => wake.unsafeClose())),
          Effect.zipRight(refresh)
        )
      )
    )

    const stun = (options.stun ?? []).slice(0, MAX_STUN)
    const ask = Effect.forEach(stun, ({ host, port }) =>
      resolver.resolve(host).pipe(
        Effect.map((found) => found.slice(0, 1).flatMap((address) => Endpoint.make(address, port) ?? [])),
        Effect.orElseSucceed(() => []),
        Effect.tap((found) => found.length > 0 || Effect.logWarning(`no address is known for the STUN server ${host}`))
      )
    ).pipe(Effect.map((found) => peers.outside((outside, now) => outside.setStun(found.flat(), now))))
    // Somebody else's server is none of the ways to a relay; whoever wants nothing but that asks nobody.
    if (stun.length > 0 && policies.everybody !== "relay-only") yield* Effect.forkScoped(ask)

    return {
      candidates,
      greeted: (remote, udp) => {
        serverOnLoopback = Endpoint.scope(remote) === "loopback"
        reachedServer = true
        wantForwarding()
        peers.outside((outside, now) => {
          outside.greeted(remote.address, udp, now)
          outside.start(now)
        })
      },
      registering: () => {
        told = candidates().map(Endpoint.format).join()
        return candidates()
      },
      check: () => wake.unsafeOpen(),
      seen: (moved) => {
        peers.drive((machine, now) => {
          machine.setNat(peers.outside((outside) => outside.natKind(hosts())))
          if (moved) for (const peer of machine.peers()) machine.nudge(peer, now)
        })
        announce()
      },
      announce
    }
  })

/**
 * Milliseconds between looks at our own addresses: roaming is noticed within a few seconds, before a person wonders,
 * and the look costs the system 0.1 ms. No service of the system tells of changes in a way that works everywhere.
 */
const REFRESH = 5_000

const textOf = (addresses: ReadonlyArray<InterfaceAddress>): string =>
  addresses
    .map(({ address }) => address)
    .sort()
    .join()

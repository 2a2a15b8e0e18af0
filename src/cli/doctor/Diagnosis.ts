import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { MAX_STUN, type ServerAt } from "../../client/ClientOptions.js"
import * as Discovery from "../../client/Discovery.js"
import type { NatReport } from "../../core/nat/NatReport.js"
import { portsAt, portsOf } from "../../core/nat/ServerPorts.js"
import * as Endpoint from "../../domain/Endpoint.js"
import type { ServerAddress } from "../../domain/ServerAddress.js"
import type { Datagrams } from "../../services/Datagrams.js"
import type { Dialer } from "../../services/Dialer.js"
import type { Entropy } from "../../services/Entropy.js"
import { type InterfaceAddress, Interfaces } from "../../services/Interfaces.js"
import { Resolver } from "../../services/Resolver.js"
import * as Time from "../../services/Time.js"
import type { Surroundings } from "./Expected.js"
import * as RouterCheck from "./RouterCheck.js"
import * as ServerCheck from "./ServerCheck.js"
import * as UdpCheck from "./UdpCheck.js"

/** Everything that was measured; what it means is told elsewhere. */
export interface Findings {
  /** The first of the servers that answers, or the first of all. */
  readonly server: ServerAddress
  readonly answer: ServerCheck.ServerAnswer
  /** The others, in the user's order; with half a sentence about those that did not answer. */
  readonly others: ReadonlyArray<{ readonly server: ServerAddress; readonly problem: string | undefined }>
  /** ms since 1970 UTC by this machine's clock. */
  readonly wall: number
  /** The server's reflector: each of its ports at each address that could be asked. */
  readonly reflector: ReadonlyArray<UdpCheck.UdpAnswer>
  /** The STUN servers that were named by the user, those with an address. */
  readonly stun: ReadonlyArray<UdpCheck.UdpAnswer>
  /** Host names that have no address, the server's included. */
  readonly unknownNames: ReadonlyArray<string>
  readonly local: ReadonlyArray<InterfaceAddress>
  /** What the router claims to forward to a port of this machine, as it was asked; any endpoint at all. */
  readonly forwarded?: Endpoint.Endpoint | undefined
  /** One for each family that could be examined in time, IPv4 first. */
  readonly networks: ReadonlyArray<NatReport>
}

export interface ExaminationOptions {
  /** One at least. */
  readonly servers: ReadonlyArray<ServerAt>
  readonly stun: ReadonlyArray<ServerAddress>
  /** Whether the router may be asked to forward a port, with the service `PortMapping` where there is one. */
  readonly portMapping: boolean
}

export type ExaminationServices = Datagrams | Dialer | Entropy | Interfaces | Resolver

/** What of this machine matters besides its networks. */
export const surroundings = ({ forwarded, local }: Findings): Surroundings => {
  const own = local.flatMap(({ address, loopback }) => (loopback ? [] : (Endpoint.make(address, 1) ?? [])))
  return {
    hasIpv4: own.some(({ family }) => family === "ipv4"),
    hasIpv6: own.some((endpoint) => endpoint.family === "ipv6" && Endpoint.scope(endpoint) === "global"),
    forwarded: forwarded !== undefined && Endpoint.scope(forwarded) === "global" ? forwarded : undefined
  }
}

/**
 * Examines this machine's way to its servers, one at least, and to peers, in at most `DEADLINE` ms. `progress` is told
 * each step, for people.
 */
export const examine = (
  { portMapping, servers, stun: stunServers }: ExaminationOptions,
  progress: (step: string) => Effect.Effect<void>
): Effect.Effect<Findings, never, ExaminationServices> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const begun = time.monotonic()
    const local = yield* (yield* Interfaces).addresses

    yield* progress(`asking ${servers.map(({ host }) => host).join(" and ")} over TCP`)
    const checks = Effect.forEach(servers, (server) => ServerCheck.check(server, server), { concurrency: "unbounded" })
    const named = Effect.forEach(stunServers.slice(0, MAX_STUN), resolve, { concurrency: "unbounded" })
    const [answered, found, stunHosts] = yield* Effect.all(
      [checks, Effect.forEach(servers, whereIs, { concurrency: "unbounded" }), named],
      { concurrency: "unbounded" }
    )
    const used = Math.max(
      0,
      answered.findIndex(({ _tag }) => _tag === "Reached")
    )
    const { host, port } = servers[used]!
    const server = { host, port }
    const answer = answered[used]!
    const own = found[used]
    const hosts = [...(own === undefined ? [] : [own]), ...stunHosts]
    const isUseful = ({ family, address }: Endpoint.Endpoint) =>
      local.some((mine) => mine.family === family && (!mine.loopback || isLoopback(address)))
    const reflectors = own === undefined ? [] : reflectorsOf(answer, server.port, own.addresses).filter(isUseful)
    const stun = stunHosts
      .flatMap(({ addresses, port }) =>
        onePerFamily(addresses).flatMap((address) => Endpoint.make(address, port) ?? [])
      )
      .filter(isUseful)

    yield* progress("asking over UDP, and finding out what the network does to it (some seconds)")
    const remaining = Duration.millis(Math.max(0, begun + DEADLINE - time.monotonic()))
    const networks = Effect.forEach(FAMILIES, (family) => network(family, reflectors, stun, remaining), {
      concurrency: "unbounded"
    })
    const router = yield* Effect.fork(portMapping ? RouterCheck.check : Effect.succeed(undefined))
    const [answers, reports] = yield* Effect.all([UdpCheck.check([...reflectors, ...stun], reflectors), networks], {
      concurrency: 2
    })
    // Where nothing is translated, nothing has to be forwarded.
    const isTranslated = reports.some((report) => report?.family === "ipv4" && report.translated === true)
    const forwarded = isTranslated ? yield* Fiber.join(router) : undefined
    yield* Fiber.interrupt(router)
    return {
      server,
      answer,
      others: servers.flatMap(({ host, port }, at) => {
        const other = answered[at]!
        const problem = other._tag === "Failed" ? other.problem : undefined
        return at === used ? [] : [{ server: { host, port }, problem }]
      }),
      wall: time.wall(),
      reflector: answers.slice(0, reflectors.length),
      stun: answers.slice(reflectors.length),
      unknownNames: hosts.flatMap(({ addresses, host }) => (addresses.length === 0 ? [host] : [])),
      local,
      forwarded,
      // Silence of a server that may not exist says nothing of the network.
      networks: reports.flatMap((report) => report ?? []).filter(({ udp }) => udp || answer._tag === "Reached")
    }
  })

/** The server's UDP ports, in each family that it has: as it says, or where they are as a rule. */
const reflectorsOf = (
  answer: ServerCheck.ServerAnswer,
  port: number,
  addresses: ReadonlyArray<string>
): ReadonlyArray<Endpoint.Endpoint> => {
  if (answer._tag === "Reached" && answer.welcome.udpAt !== undefined) return portsOf(answer.welcome, answer.remote)
  const ports = answer._tag === "Reached" ? answer.welcome.udp.slice(0, 2) : [port, port + 1]
  const remote = answer._tag === "Reached" ? [answer.remote.address] : []
  return onePerFamily([...remote, ...addresses]).flatMap((address) => portsAt(address, ports))
}

/** Examines one family, by the server's reflector where it has one, else by the first STUN server. */
const network = (
  family: Endpoint.Family,
  reflectors: ReadonlyArray<Endpoint.Endpoint>,
  stun: ReadonlyArray<Endpoint.Endpoint>,
  limit: Duration.Duration
) => {
  const [first, second] = reflectors.filter((endpoint) => endpoint.family === family)
  const others = stun.filter((endpoint) => endpoint.family === family)
  const server = first ?? others.shift()
  if (server === undefined) return Effect.succeed(undefined)
  return Discovery.discover({ server, others, ...(second === undefined ? {} : { secondPort: second.port }) }).pipe(
    // What a stranger's server answers says nothing of ours.
    Effect.map((report) => (first === undefined ? { ...report, server: report.udp, rttMs: undefined } : report)),
    Effect.timeoutOption(limit),
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )
}

/** Behind a proxy, the server's name is for the proxy alone to look up, and UDP does not go there. */
const whereIs = (server: ServerAt) => (server.proxy === undefined ? resolve(server) : Effect.succeed(undefined))

/** The addresses of a host; none when it has none, or when no name server answered in time. */
const resolve = ({ host, port }: ServerAddress) =>
  Effect.flatMap(Resolver, (resolver) => resolver.resolve(host)).pipe(
    Effect.timeout(Duration.millis(LOOKUP)),
    Effect.orElseSucceed((): ReadonlyArray<string> => []),
    Effect.map((addresses) => ({ host, port, addresses }))
  )

const onePerFamily = (addresses: ReadonlyArray<string>): ReadonlyArray<string> =>
  FAMILIES.flatMap((family) => addresses.find((address) => Endpoint.make(address, 0)?.family === family) ?? [])

const isLoopback = (address: string): boolean => {
  const endpoint = Endpoint.make(address, 0)
  return endpoint !== undefined && Endpoint.scope(endpoint) === "loopback"
}

const FAMILIES = ["ipv4", "ipv6"] as const satisfies ReadonlyArray<Endpoint.Family>

/**
 * Milliseconds for everything: as long as a person watches a line of progress. An open network takes a tenth of a
 * second.
 */
const DEADLINE = 9_500
/** Milliseconds for names: a resolver that takes longer is itself the trouble. */
const LOOKUP = 3_000

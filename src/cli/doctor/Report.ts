import * as Schema from "effect/Schema"
import * as ClientClock from "../../core/client/ClientClock.js"
import { Via } from "../../core/client/ServerWays.js"
import { DEPENDENCIES } from "../../core/nat/Behaviour.js"
import { Expectation } from "../../core/nat/Expectation.js"
import * as NatReport from "../../core/nat/NatReport.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Line from "../json/Line.js"
import { advise } from "./Advice.js"
import { type Findings, surroundings } from "./Diagnosis.js"
import { expected } from "./Expected.js"
import type { UdpAnswer } from "./UdpCheck.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Udp = Schema.Struct({
  address: Schema.String,
  reachable: Schema.Boolean,
  refused: optional(Schema.Literal(true)),
  large: optional(Schema.Boolean),
  rttMs: optional(Schema.Number)
})

const Dependency = Schema.Literal(...DEPENDENCIES)
const Range = Schema.Struct({ best: Dependency, worst: Dependency })

/** `none`: there is no way, as it takes a relay and this server has none. */
const Way = Schema.Literal(...Expectation.literals, "none")
type Way = typeof Way.Type

const Network = Schema.Struct({
  family: Schema.Literal("ipv4", "ipv6"),
  udp: Schema.Boolean,
  mapped: optional(Schema.String),
  translated: optional(Schema.Boolean),
  portPreserved: optional(Schema.Boolean),
  mapping: Range,
  filtering: Range,
  hairpin: optional(Schema.Boolean),
  explanation: Schema.Array(Schema.String)
})

/** What `parley doctor --json` writes: one object (docs/json.md). */
export const Report = Schema.Struct({
  reachable: Schema.Boolean,
  server: Schema.Struct({
    host: Schema.String,
    port: Schema.Int,
    address: optional(Schema.String),
    software: optional(Schema.String),
    tokenRequired: optional(Schema.Boolean),
    rttMs: optional(Schema.Number),
    clockDifferenceMs: optional(Schema.Number),
    clock: optional(Schema.String),
    encryption: optional(Schema.Literal("tls", "none", "local")),
    key: optional(Schema.String),
    certificateProblem: optional(Schema.String),
    via: optional(Via),
    problem: optional(Schema.String)
  }),
  /** The user's other servers, which are for when this one is gone, in their order; only where there are any. */
  others: optional(
    Schema.Array(Schema.Struct({ host: Schema.String, port: Schema.Int, problem: optional(Schema.String) }))
  ),
  udp: Schema.Array(Udp),
  stun: Schema.Array(Udp),
  unknownNames: Schema.Array(Schema.String),
  local: Schema.Array(Schema.String),
  /** What the router claims to forward from, when it was asked for a port. */
  forwarded: optional(Schema.String),
  networks: Schema.Array(Network),
  routes: Schema.Array(Schema.Struct({ peer: Schema.String, route: Way })),
  typical: optional(Way),
  ipv6: Schema.Boolean,
  /** What takes the place of libsodium on this machine, and why. */
  cryptography: optional(Schema.String),
  advice: optional(Schema.String)
})
export type Report = typeof Report.Type

export const make = (findings: Findings): Report => {
  const { answer, forwarded, local, networks, others, reflector, server, stun, unknownNames } = findings
  const { ipv6, routes, typical } = expected(networks.filter(NatReport.isOutside), surroundings(findings))
  return {
    reachable: answer._tag === "Reached",
    server: {
      ...server,
      ...(answer._tag === "Failed"
        ? { problem: answer.problem }
        : {
            address: Endpoint.format(answer.remote),
            software: answer.welcome.server,
            tokenRequired: answer.welcome.tokenRequired ?? false,
            encryption: encryptionOf(answer),
            ...known("key", answer.certificate?.key),
            ...known("certificateProblem", answer.certificate?.problem),
            ...known("via", answer.via),
            rttMs: round(answer.rttMs),
            ...known("clockDifferenceMs", answer.clockDifferenceMs),
            ...known("clock", clockOf(findings))
          })
    },
    ...(others.length === 0
      ? {}
      : { others: others.map(({ problem, server }) => ({ ...server, ...known("problem", problem) })) }),
    udp: reflector.map(udpOf),
    stun: stun.map(udpOf),
    unknownNames,
    local: local.filter(({ loopback }) => !loopback).map(({ address }) => address),
    ...known("forwarded", forwarded && Endpoint.format(forwarded)),
    networks: networks.map(networkOf),
    routes: routes.map(({ peer, route }) => ({ peer, route: wayOf(route, answer) })),
    ...known("typical", typical && wayOf(typical, answer)),
    ipv6,
    ...known("advice", advise(findings))
  }
}

/** A server that is not reached is not known to lack a relay. */
const wayOf = (route: Expectation, answer: Findings["answer"]): Way =>
  route === "relay" && answer._tag === "Reached" && answer.welcome.relay !== true ? "none" : route

const encryptionOf = ({ certificate, remote, via }: Findings["answer"] & { readonly _tag: "Reached" }) => {
  if (certificate !== undefined) return "tls"
  return Endpoint.scope(remote) === "loopback" && via?.proxy === undefined ? "local" : "none"
}

/** How the clocks differ, where that matters. */
const clockOf = ({ answer, wall }: Findings): string | undefined => {
  if (answer._tag === "Failed" || answer.clockDifferenceMs === undefined) return undefined
  const server = wall + answer.clockDifferenceMs
  return ClientClock.differ(wall, server) ? ClientClock.explain(wall, server) : undefined
}

/** The report as one line, in which nothing is left that a terminal obeys. */
export const encode = (report: Report): string => Line.encode(report)

const udpOf = ({ endpoint, large, reachable, refused, rttMs }: UdpAnswer): typeof Udp.Type => ({
  address: Endpoint.format(endpoint),
  reachable,
  ...(refused ? { refused } : {}),
  ...known("large", large),
  ...known("rttMs", rttMs === undefined ? undefined : round(rttMs))
})

const networkOf = (report: NatReport.NatReport): typeof Network.Type => ({
  family: report.family,
  udp: report.udp,
  ...known("mapped", report.mapped === undefined ? undefined : Endpoint.format(report.mapped)),
  ...known("translated", report.translated),
  ...known("portPreserved", report.portPreserved),
  mapping: report.mapping,
  filtering: report.filtering,
  ...known("hairpin", report.hairpin),
  explanation: NatReport.describe(report)
})

/** JSON has no `undefined`: what is not known is not there. */
const known = <K extends string, A>(key: K, value: A | undefined): { readonly [P in K]?: A } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: A }

/** Tenths of a millisecond: what is finer is noise. */
const round = (ms: number): number => Math.round(ms * 10) / 10

import type * as Endpoint from "../../domain/Endpoint.js"
import { same } from "./Transaction.js"

/**
 * What a NAT's choice of an outer port (its mapping, RFC 4787 §4.1), or its decision to let a packet in (its filtering,
 * §5), depends on: our own endpoint alone, also the other side's address, or also the other side's port.
 */
export type Dependency = "endpoint-independent" | "address-dependent" | "address-and-port-dependent"

/**
 * What measurements leave possible: every behaviour from `best` (easiest to connect to) to `worst`. A behaviour is
 * known for sure where both are the same. One server with two ports, for example, cannot tell the one in the middle
 * from the best.
 */
export interface Range {
  readonly best: Dependency
  readonly worst: Dependency
}

/** From the easiest to connect to, to the hardest. */
export const DEPENDENCIES = [
  "endpoint-independent",
  "address-dependent",
  "address-and-port-dependent"
] as const satisfies ReadonlyArray<Dependency>

export const UNKNOWN: Range = { best: "endpoint-independent", worst: "address-and-port-dependent" }

export const exactly = (dependency: Dependency): Range => ({ best: dependency, worst: dependency })

/** The behaviours that a range leaves possible, best first. */
export const members = (range: Range): ReadonlyArray<Dependency> =>
  DEPENDENCIES.slice(DEPENDENCIES.indexOf(range.best), DEPENDENCIES.indexOf(range.worst) + 1)

export const sameRange = (left: Range, right: Range): boolean => left.best === right.best && left.worst === right.worst

/**
 * By how much the outer ports of one socket differ that two ports of one server saw at about the same time, where that
 * is so little that the NAT seems to count; `undefined` otherwise.
 */
export const portStepOf = (observations: ReadonlyArray<Observation>): number | undefined => {
  const [first, second] = observations
  if (first === undefined || second === undefined || first.server.address !== second.server.address) return undefined
  if (first.mapped.address !== second.mapped.address) return undefined
  const step = Math.abs(second.mapped.port - first.mapped.port)
  return step > 0 && step <= MAX_STEP ? step : undefined
}

/** Ports: others of the network open some in between; two ports at random are so near once in a thousand times. */
const MAX_STEP = 16

/** What `server` saw when one and the same socket of ours asked it. */
export interface Observation {
  readonly server: Endpoint.Endpoint
  readonly mapped: Endpoint.Endpoint
}

/**
 * The mapping behaviour, by comparing what several servers (or ports of one server) saw of one socket at about the same
 * time: RFC 5780 §4.3 for any set of servers. Order means nothing; a single observation tells nothing.
 */
export const mappingOf = (observations: ReadonlyArray<Observation>): Range => {
  let samePort = false
  let sameAddress = false
  let differsByAddress = false
  for (const [index, left] of observations.entries()) {
    for (const right of observations.slice(0, index)) {
      if (same(left.server, right.server)) continue
      const kept = same(left.mapped, right.mapped)
      if (left.server.address !== right.server.address) {
        sameAddress ||= kept
        differsByAddress ||= !kept
      } else if (kept) {
        samePort = true
      } else {
        return exactly("address-and-port-dependent")
      }
    }
  }
  // Two ports of one address seen alike rule port dependence out; two addresses seen alike rule all dependence out.
  const worst = samePort ? "address-dependent" : "address-and-port-dependent"
  if (differsByAddress) return { best: "address-dependent", worst }
  return sameAddress ? exactly("endpoint-independent") : { best: "endpoint-independent", worst }
}

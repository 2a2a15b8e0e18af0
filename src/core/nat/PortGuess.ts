/**
 * Outer ports among which those of new mappings are to be looked for: each `stride` after the one before, and after the
 * last port that there is comes `LOWEST_PORT`.
 */
export interface PortRange {
  readonly first: number
  readonly stride: number
  readonly ports: number
}

/**
 * Where a NAT puts the mappings that come next, by the ports that it gave to new ones just now, in their order; where
 * it seems to count, also when others of the network open some in between. `undefined`: it does not, or too little is
 * known.
 */
export const next = (seen: ReadonlyArray<number>): PortRange | undefined => {
  const steps = seen.slice(1).map((port, at) => port - seen[at]!)
  if (steps.length < 2) return undefined
  const isUp = steps.every((step) => step > 0)
  if (!isUp && !steps.every((step) => step < 0)) return undefined
  const size = Math.min(...steps.map(Math.abs))
  // Where steps differ, others of the network are at it, and the NAT may count by any part of the smallest.
  const isEven = steps.every((step) => Math.abs(step) === size)
  const stride = isEven ? size : 1
  if (!isEven && spreadOf(seen) > MOST_COUNTED) return undefined
  const ports = isEven ? AHEAD : Math.min(MOST_AHEAD, Math.max(AHEAD, BUSY * spreadOf(seen)))
  const last = seen.at(-1)!
  return within({ first: isUp ? last + stride : last - stride * ports, stride, ports })
}

/** Where such a NAT has ports at all: near those that were seen if they are near each other, or anywhere. */
export const around = (seen: ReadonlyArray<number>): PortRange => {
  const spread = spreadOf(seen)
  if (seen.length < 3 || spread > BLOCK) return { first: LOWEST_PORT, stride: 1, ports: PORTS }
  const margin = Math.max(BLOCK / 2, spread)
  return within({ first: Math.min(...seen) - margin, stride: 1, ports: spread + 2 * margin + 1 })
}

const within = (range: PortRange): PortRange => ({
  ...range,
  first: LOWEST_PORT + ((range.first - LOWEST_PORT + PORTS) % PORTS)
})

const spreadOf = (seen: ReadonlyArray<number>): number => Math.max(...seen) - Math.min(...seen)

/** RFC 4787 REQ-3: no NAT gives a mapping one of the ports below. */
export const LOWEST_PORT = 1_024
export const PORTS = 65_536 - LOWEST_PORT
/** Ports that others may have opened while a few packets left: where it is more, the NAT draws them. */
const MOST_COUNTED = 256
/** Ports to try where nobody else is seen to open any: as many as go at once. */
const AHEAD = 64
/** Times the ports that were counted past for the samples: the packets of a search are three times as many. */
const BUSY = 8
const MOST_AHEAD = 1_024
/** Ports of a subscriber's block at most (RFC 7422 §2 has some thousand): any of them are as near. */
const BLOCK = 4_096

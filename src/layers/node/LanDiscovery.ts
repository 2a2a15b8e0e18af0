import { createSocket, type Socket } from "node:dgram"
import { networkInterfaces } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import makeMdns, { type MulticastDNS, type ResponseOutgoingPacket } from "multicast-dns"
import { type JoinOptions, LanDiscovery, LanDiscoveryError, MAX_ANNOUNCED } from "../../services/LanDiscovery.js"
import { fromNode } from "./Addresses.js"
import { announced, isWhole, SERVICE, TTL } from "./Announcements.js"
import { codeOf, describe } from "./Errno.js"

/**
 * DNS-based service discovery (RFC 6763) over multicast DNS (RFC 6762): the instance `name` of `_parley._udp.local`.
 */
export const layer: Layer.Layer<LanDiscovery> = Layer.succeed(LanDiscovery, {
  join: (options) =>
    Effect.acquireRelease(open(options), ({ close }) => close).pipe(
      Effect.flatMap(({ mdns, sweep }) =>
        Effect.forkScoped(
          Effect.gen(function* () {
            mdns.respond(announcement(options, TTL))
            for (let round = 0; ; round++) {
              mdns.query({ questions: [{ name: SERVICE, type: "PTR" }] })
              yield* Effect.sleep(PAUSES[Math.min(round, PAUSES.length - 1)]!)
              sweep()
            }
          })
        )
      ),
      Effect.asVoid
    )
})

interface Joined {
  readonly mdns: MulticastDNS
  /** Drops the names whose announcements have run out. */
  readonly sweep: () => void
  readonly close: Effect.Effect<void>
}

const open = (options: JoinOptions): Effect.Effect<Joined, LanDiscoveryError> =>
  Effect.async((resume) => {
    const mdns = makeMdns({ socket: makeSocket() })
    /** When each name runs out, in monotonic ms. */
    const known = new Map<string, number>()

    const lose = (name: string) => {
      if (known.delete(name)) options.onLost(name)
    }
    mdns.on("query", ({ questions = [] }) => {
      const isAsked = questions.some(
        ({ name, type }) =>
          (name.toLowerCase() === SERVICE && ANSWERED.has(type)) || name.toLowerCase() === `${options.name}.${SERVICE}`
      )
      if (isAsked) mdns.respond(announcement(options, TTL))
    })
    mdns.on("response", (response, from) => {
      for (const { name, port, ttl } of announced(response)) {
        const endpoint = fromNode(from.address, port)
        if (ttl === 0) lose(name)
        else if (endpoint !== undefined && (known.has(name) || known.size < MAX_ANNOUNCED)) {
          known.set(name, performance.now() + ttl * 1000)
          options.onFound(name, endpoint)
        }
      }
    })
    // What is no DNS message, and interfaces that come and go.
    mdns.on("warning", () => {})
    mdns.on("error", (cause: Error) => resume(Effect.fail(toError(cause))))
    mdns.on("ready", () =>
      resume(
        Effect.succeed({
          mdns,
          sweep: () => {
            const now = performance.now()
            for (const [name, until] of known) if (until < now) lose(name)
          },
          close: Effect.async<void>((done) => {
            const destroy = () => mdns.destroy(() => done(Effect.void))
            mdns.respond(announcement(options, 0), destroy)
          })
        })
      )
    )
  })

/** A socket for the library that hides from it what it would take long to read. */
const makeSocket = (): Socket => {
  const socket = createSocket({ type: "udp4", reuseAddr: true })
  const emit: (event: string, ...values: Array<unknown>) => boolean = socket.emit.bind(socket)
  socket.emit = (event: string, ...values: Array<unknown>) =>
    event === "message" && !isWhole(values[0] as Uint8Array) ? false : emit(event, ...values)
  return socket
}

/**
 * Our records (RFC 6763 §4 to 6): the name, where it is, nothing else; lived for `ttl` seconds, 0 to take them back.
 */
const announcement = ({ name, port }: JoinOptions, ttl: number): ResponseOutgoingPacket => {
  const instance = `${name}.${SERVICE}`
  const host = `${name}.local`
  return {
    answers: [{ name: SERVICE, type: "PTR", ttl, data: instance }],
    additionals: [
      { name: instance, type: "SRV", ttl, flush: true, data: { port, target: host, priority: 0, weight: 0 } },
      { name: instance, type: "TXT", ttl, flush: true, data: ["v=2"] },
      ...ownAddresses().map((data) => ({ name: host, type: "A" as const, ttl, flush: true, data }))
    ]
  }
}

const ownAddresses = (): ReadonlyArray<string> =>
  Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address)
    .slice(0, MAX_OWN)

const toError = (cause: Error): LanDiscoveryError =>
  new LanDiscoveryError(
    codeOf(cause) === "EADDRINUSE"
      ? { reason: "PortTaken", message: "another program keeps UDP port 5353 (multicast DNS) to itself", cause }
      : { reason: "Other", message: `cannot look for others on this network: ${describe(cause)}`, cause }
  )

/** `ANY` is missing from the library's types, not from life. */
const ANSWERED: ReadonlySet<string> = new Set(["PTR", "ANY"])

/**
 * Milliseconds between questions: RFC 6762 §5.2 wants them to grow; the last one keeps what we know fresher than its
 * `TTL`.
 */
const PAUSES = [1_000, 3_000, 50_000]
/** Addresses announced, so that the response fits a packet. */
const MAX_OWN = 8

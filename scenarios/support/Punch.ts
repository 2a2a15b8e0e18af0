import * as Effect from "effect/Effect"
import { type Endpoint, format, parse } from "../../src/domain/Endpoint.js"
import { Datagrams } from "../../src/services/Datagrams.js"

/**
 * UDP hole punching in its smallest form (RFC 5128 §3.3): each peer learns the other's reflexive endpoint from a
 * rendezvous, both send to it, and whoever hears from somewhere answers there.
 */

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (data: Uint8Array) => new TextDecoder().decode(data)

/** Tells the two that come where the other one seems to be. */
export const rendezvous = Effect.gen(function* () {
  const seen = new Map<string, Endpoint>()
  const socket = yield* (yield* Datagrams).bind({
    family: "ipv4",
    port: 3478,
    onDatagram: (from, data) => {
      seen.set(decode(data), from)
      if (seen.size < 2) return
      for (const [name, endpoint] of seen) {
        for (const [other, to] of seen) if (other !== name) socket.send(to, encode(`peer ${format(endpoint)}`))
      }
    }
  })
  yield* Effect.never
}).pipe(Effect.scoped)

export interface Punch {
  readonly name: string
  readonly server: Endpoint
  /** Virtual ms for the whole attempt. */
  readonly giveUpMs: number
  /** How many ports above the reflexive one to try as well. */
  readonly predict?: number
  /** Told once an answer to a probe has come. */
  readonly onOpen: () => void
}

export const punch = ({ name, server, giveUpMs, predict = 0, onOpen }: Punch) =>
  Effect.gen(function* () {
    const candidates = new Map<string, Endpoint>()
    let known = false
    let open = false
    const socket = yield* (yield* Datagrams).bind({
      family: "ipv4",
      port: 0,
      onDatagram: (from, data) => {
        const text = decode(data)
        if (text.startsWith("peer ")) {
          const peer = parse(text.slice(5))!
          known = true
          for (let i = 0; i <= predict; i++) {
            const candidate = { ...peer, port: peer.port + i }
            candidates.set(format(candidate), candidate)
          }
        } else if (text === "probe") {
          // A peer-reflexive candidate (RFC 8445 §7.3.1.3): what the peer's NAT made of it.
          candidates.set(format(from), from)
          socket.send(from, encode("answer"))
        } else if (text === "answer" && !open) {
          open = true
          onOpen()
        }
      }
    })
    for (let spent = 0; spent < giveUpMs; spent += EVERY_MS) {
      if (!known) socket.send(server, encode(name))
      else for (const candidate of candidates.values()) socket.send(candidate, encode("probe"))
      yield* Effect.sleep(EVERY_MS)
    }
  }).pipe(Effect.scoped)

const EVERY_MS = 200

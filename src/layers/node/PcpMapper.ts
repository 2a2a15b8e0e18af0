import { randomBytes } from "node:crypto"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as NatPmp from "../../protocol/NatPmp.js"
import * as Pcp from "../../protocol/Pcp.js"
import { Datagrams, type DatagramsError } from "../../services/Datagrams.js"
import { localAddress } from "./Gateway.js"

/** One UDP port, forwarded by a router that speaks PCP or NAT-PMP: both on one port of it, in single datagrams. */
export interface PcpMapper {
  /** What it forwards from now on, `LIFETIME` long; `undefined` when it does not. */
  readonly map: (router: Endpoint.Endpoint) => Effect.Effect<Endpoint.Endpoint | undefined>
  /** Takes back what was granted. Waits for the answer. */
  readonly unmap: Effect.Effect<void>
}

/** What was granted, by whom and in which of the two languages. */
interface Grant {
  readonly by: Endpoint.Endpoint
  readonly external: number
  readonly deletion: Uint8Array
}

/** What `read` makes of a router's answer; `undefined` when it is silent. One question at a time. */
type Ask = <A>(
  at: Endpoint.Endpoint,
  request: Uint8Array,
  read: (data: Uint8Array) => A | undefined
) => Effect.Effect<A | undefined>

const makeAsk: Effect.Effect<Ask, DatagramsError, Datagrams | Scope.Scope> = Effect.gen(function* () {
  const datagrams = yield* Datagrams
  /** Who was asked last; nobody else's answers count. */
  let asked: Endpoint.Endpoint | undefined
  let onAnswer: (data: Uint8Array) => void = () => {}
  const socket = yield* datagrams.bind({
    family: "ipv4",
    port: 0,
    onDatagram: (from, data) => {
      if (asked !== undefined && Endpoint.format(from) === Endpoint.format(asked)) onAnswer(data)
    }
  })
  return <A>(at: Endpoint.Endpoint, request: Uint8Array, read: (data: Uint8Array) => A | undefined) =>
    Effect.async<A>((resume) => {
      asked = at
      onAnswer = (data) => {
        const answer = read(data)
        if (answer !== undefined) resume(Effect.succeed(answer))
      }
    }).pipe(
      Effect.raceFirst(
        Effect.forEach(PATIENCE, (pause) =>
          Effect.zipRight(
            Effect.sync(() => socket.send(at, request)),
            Effect.sleep(Duration.millis(pause))
          )
        ).pipe(Effect.as(undefined))
      )
    )
})

export const make = (port: number): Effect.Effect<PcpMapper, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const ask = yield* makeAsk
    const nonce = new Uint8Array(randomBytes(Pcp.NONCE))
    let granted: Grant | undefined

    const byPcp = (at: Endpoint.Endpoint, wish: number) =>
      Effect.gen(function* () {
        const client = yield* localAddress(at.address)
        if (client === undefined) return undefined
        const request = { client, nonce, internal: port, external: wish }
        const answer = yield* ask(at, Pcp.mapRequest({ ...request, lifetime: LIFETIME }), (data) => {
          const found = Pcp.decode(data)
          if (found?._tag !== "Mapped") return found
          return found.mapping.internal === port && Bytes.equal(found.mapping.nonce, nonce) ? found : undefined
        })
        if (answer?._tag !== "Mapped" || answer.mapping.external.port === 0) return undefined
        const { external } = answer.mapping
        granted = {
          by: at,
          external: external.port,
          deletion: Pcp.mapRequest({ ...request, external: 0, lifetime: 0 })
        }
        return external
      })

    const byNatPmp = (at: Endpoint.Endpoint, wish: number) =>
      Effect.gen(function* () {
        const mapping = yield* ask(at, NatPmp.mappingRequest(port, wish, LIFETIME), (data) => {
          const found = NatPmp.decode(data)
          // It may still be what it made of a question of PCP.
          if (found?._tag !== "Mapping" || found.result === NatPmp.UNSUPPORTED_VERSION) return undefined
          return found.result === NatPmp.SUCCESS && found.internal !== port ? undefined : found
        })
        if (mapping?.result !== NatPmp.SUCCESS || mapping.external === 0) return undefined
        granted = { by: at, external: mapping.external, deletion: NatPmp.deletionRequest(port) }
        const outside = yield* ask(at, NatPmp.addressRequest(), (data) => {
          const found = NatPmp.decode(data)
          return found?._tag === "Address" ? found : undefined
        })
        return outside?.result === NatPmp.SUCCESS ? Endpoint.make(outside.address, mapping.external) : undefined
      })

    return {
      map: (at) =>
        Effect.gen(function* () {
          const wish = granted?.external ?? port
          granted = undefined
          return (yield* byPcp(at, wish)) ?? (yield* byNatPmp(at, wish))
        }),
      unmap: Effect.suspend(() =>
        granted === undefined ? Effect.void : ask(granted.by, granted.deletion, (data) => data.length > 0 || undefined)
      )
    }
  })

/**
 * Milliseconds after each attempt: RFC 6886 §3.1 doubles from 250 and goes on to 64 s. Who does not answer in three
 * quarters of a second on the local network does not speak it, and is asked again with the next renewal anyway.
 */
const PATIENCE = [250, 500]

/**
 * Seconds: after a crash the router's port is closed again in ten minutes, instead of the two hours that RFC 6886 §3.3
 * recommends.
 */
export const LIFETIME = 600

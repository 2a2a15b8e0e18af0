import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../../domain/Endpoint.js"
import * as NatPmp from "../../protocol/NatPmp.js"
import { Datagrams, type DatagramsError } from "../../services/Datagrams.js"
import { type Forwarding, type ForwardOptions, PortMapping, UNMAPPING } from "../../services/PortMapping.js"
import { gateway } from "./Gateway.js"

/** NAT-PMP (RFC 6886), asked of the router that the default route names. */
export const layer: Layer.Layer<PortMapping, never, Datagrams> = Layer.suspend(() =>
  layerAt(Effect.map(gateway, (address) => (address === undefined ? undefined : Endpoint.make(address, NatPmp.PORT))))
)

/** The same with a router that the caller finds, each time that one is to be asked. */
export const layerAt = (router: Effect.Effect<Endpoint.Endpoint | undefined>) =>
  Layer.effect(
    PortMapping,
    Effect.map(Datagrams, (datagrams) => ({
      forward: (options: ForwardOptions) =>
        forward(router, options).pipe(
          Effect.provideService(Datagrams, datagrams),
          // No socket, nothing forwarded.
          Effect.orElseSucceed((): Forwarding => ({ renew: () => {} }))
        )
    }))
  )

const forward = (
  router: Effect.Effect<Endpoint.Endpoint | undefined>,
  { onExternal, port }: ForwardOptions
): Effect.Effect<Forwarding, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const wake = yield* Effect.makeLatch(false)
    /** Who was asked last; nobody else's answers count. */
    let asked: Endpoint.Endpoint | undefined
    let mapped: { readonly by: Endpoint.Endpoint; readonly external: number } | undefined
    let onAnswer: (answer: NatPmp.Answer) => void = () => {}

    const socket = yield* datagrams.bind({
      family: "ipv4",
      port: 0,
      onDatagram: (from, data) => {
        if (asked === undefined || Endpoint.format(from) !== Endpoint.format(asked)) return
        const answer = NatPmp.decode(data)
        const isOfAnother = answer?._tag === "Mapping" && answer.result === NatPmp.SUCCESS && answer.internal !== port
        if (answer !== undefined && !isOfAnother) onAnswer(answer)
      }
    })

    /** The router's answer of this kind, within `patience` ms; one question at a time. */
    const ask = <T extends NatPmp.Answer["_tag"]>(
      at: Endpoint.Endpoint,
      tag: T,
      request: Uint8Array,
      patience: ReadonlyArray<number>
    ) =>
      Effect.async<NatPmp.Answer & { readonly _tag: T }>((resume) => {
        asked = at
        onAnswer = (answer) => {
          if (isOf(answer, tag)) resume(Effect.succeed(answer))
        }
      }).pipe(
        Effect.raceFirst(
          Effect.forEach(patience, (pause) =>
            Effect.zipRight(
              Effect.sync(() => socket.send(at, request)),
              Effect.sleep(Duration.millis(pause))
            )
          ).pipe(Effect.as(undefined))
        ),
        Effect.map((answer) => (answer?.result === NatPmp.SUCCESS ? answer : undefined))
      )

    /** What the router forwards from now on. */
    const map = Effect.gen(function* () {
      const at = yield* router
      const wish = mapped?.external ?? port
      mapped = undefined
      if (at === undefined) return undefined
      const mapping = yield* ask(at, "Mapping", NatPmp.mappingRequest(port, wish, LIFETIME), PATIENCE)
      if (mapping === undefined || mapping.external === 0) return undefined
      mapped = { by: at, external: mapping.external }
      const outside = yield* ask(at, "Address", NatPmp.addressRequest(), PATIENCE)
      return outside && Endpoint.make(outside.address, mapping.external)
    })

    const unmap = Effect.suspend(() =>
      mapped === undefined ? Effect.void : ask(mapped.by, "Mapping", NatPmp.deletionRequest(port), [UNMAPPING])
    )
    // A finalizer cannot be interrupted, so that a time-out within it would wait for the end all the same.
    yield* Effect.addFinalizer(() => Effect.forkDaemon(Effect.interruptible(unmap)).pipe(Effect.flatMap(Fiber.await)))

    yield* Effect.forkScoped(
      Effect.forever(
        map.pipe(
          Effect.tap((external) => Effect.sync(() => onExternal(external))),
          Effect.zipRight(Effect.timeoutOption(wake.await, Duration.millis(RENEWAL))),
          Effect.zipRight(Effect.sync(() => wake.unsafeClose()))
        )
      )
    )
    return { renew: () => wake.unsafeOpen() }
  })

const isOf = <T extends NatPmp.Answer["_tag"]>(
  answer: NatPmp.Answer,
  tag: T
): answer is NatPmp.Answer & { readonly _tag: T } => answer._tag === tag

/**
 * Milliseconds after each attempt: RFC 6886 §3.1 doubles from 250. It goes on to 64 s; who does not answer in four
 * seconds on the local network does not speak it, and is asked again with the next renewal anyway.
 */
const PATIENCE = [250, 500, 1_000, 2_000]

/**
 * Seconds: after a crash the router's port is closed again in ten minutes, instead of the two hours that §3.3
 * recommends.
 */
const LIFETIME = 600

/**
 * Milliseconds: several attempts in a lifetime, and a router that was restarted has forgotten us for two minutes at
 * most.
 */
const RENEWAL = 120_000

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../../domain/Endpoint.js"
import * as Igd from "../../protocol/Igd.js"
import * as NatPmp from "../../protocol/NatPmp.js"
import { Datagrams, type DatagramsError } from "../../services/Datagrams.js"
import { type Forwarding, type ForwardOptions, PortMapping, UNMAPPING } from "../../services/PortMapping.js"
import { gateway } from "./Gateway.js"
import * as IgdMapper from "./IgdMapper.js"
import * as PcpMapper from "./PcpMapper.js"

/** Where a router is asked. */
export interface Router {
  /** For PCP and NAT-PMP. */
  readonly control: Endpoint.Endpoint
  /** For a description of itself (UPnP): itself, and everybody; only it is listened to. */
  readonly searched: ReadonlyArray<Endpoint.Endpoint>
}

/** PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP-IGD, asked of the router that the default route names. */
export const layer: Layer.Layer<PortMapping, never, Datagrams> = Layer.suspend(() =>
  layerAt(Effect.map(gateway, (address) => (address === undefined ? undefined : routerAt(address))))
)

/** The same with a router that the caller finds, each time that one is to be asked. */
export const layerAt = (router: Effect.Effect<Router | undefined>) =>
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

const routerAt = (address: string): Router | undefined => {
  const control = Endpoint.make(address, NatPmp.PORT)
  const everybody = Endpoint.make(Igd.MULTICAST, Igd.SEARCH_PORT)!
  return control && { control, searched: [{ ...control, port: Igd.SEARCH_PORT }, everybody] }
}

const forward = (
  router: Effect.Effect<Router | undefined>,
  { onExternal, port }: ForwardOptions
): Effect.Effect<Forwarding, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const wake = yield* Effect.makeLatch(false)
    const pcp = yield* PcpMapper.make(port)
    const igd = yield* IgdMapper.make(port)

    /**
     * What the router forwards from now on. Meanwhile it is looked for by UPnP too, which takes up to two seconds and
     * asks nothing of it, so that the many routers which speak only that are not waited for twice.
     */
    const map = Effect.gen(function* () {
      const at = yield* router
      if (at === undefined) return undefined
      const found = yield* Effect.fork(igd.find(at.control, at.searched))
      const external = yield* pcp.map(at.control)
      if (external === undefined) return yield* igd.map(yield* Fiber.join(found))
      yield* Fiber.interrupt(found)
      yield* igd.unmap
      return external
    })

    const unmap = Effect.all([pcp.unmap, igd.unmap], { concurrency: 2 }).pipe(
      Effect.timeoutOption(Duration.millis(UNMAPPING))
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

/**
 * Milliseconds: several attempts in a lifetime, and a router that was restarted has forgotten us for two minutes at
 * most.
 */
const RENEWAL = 120_000

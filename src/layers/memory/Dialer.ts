import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import { DialError, Dialer, type DialOptions } from "../../services/Dialer.js"
import { type End, makePair } from "./Connection.js"
import * as Network from "./Network.js"

/** Dials from one host of a memory network. Nothing there is slow, so that no dial times out. */
export const layer = (network: Network.Network, host: Network.Host): Layer.Layer<Dialer> =>
  Layer.succeed(Dialer, {
    dial: (options, handler) => Effect.suspend(() => dial(network, host, options, handler))
  })

const dial = (
  network: Network.Network,
  host: Network.Host,
  options: DialOptions,
  handler: (connection: Connection) => ConnectionHandler
): Effect.Effect<Connection, DialError, Scope.Scope> => {
  let dialed: End | undefined
  let over: () => void = () => {}
  let closed = false
  const connect = Effect.async<Connection, DialError>((resume) => {
    let abandoned = false
    network.post(() => {
      if (abandoned) return
      const outcome = reach(network, host, options)
      if (outcome instanceof DialError) return resume(Effect.fail(outcome))
      dialed = outcome
      dialed.begin(handler(dialed), () => {
        closed = true
        over()
      })
      resume(Effect.succeed(dialed))
    })
    return Effect.sync(() => {
      abandoned = true
    })
  })
  const destroy = Effect.async<void>((resume) => {
    if (dialed === undefined || closed) return resume(Effect.void)
    over = () => resume(Effect.void)
    dialed.destroy()
  })
  return Effect.uninterruptibleMask((restore) =>
    restore(connect).pipe(
      Effect.onExit((exit) => (Exit.isFailure(exit) ? destroy : Effect.void)),
      Effect.tap(() => Effect.addFinalizer(() => destroy))
    )
  )
}

/** The client's end of a connection whose other end has been accepted. */
const reach = (network: Network.Network, host: Network.Host, options: DialOptions): End | DialError => {
  const where = `${options.host}:${options.port}`
  if (!Number.isInteger(options.port) || options.port < 1 || options.port > 65_535)
    return failure("Other", `${where} is no port`)
  const addresses = network.resolve(options.host)
  if (addresses.length === 0) return failure("HostNotFound", `no address is known for the host ${options.host}`)
  let reached = false
  for (const address of addresses) {
    const to = { ...address, port: options.port }
    const target = network.route(host, to)
    const source = Network.sourceOf(host, to)
    if (target === undefined || source === undefined) continue
    reached = true
    const listening = target.tcp.find(to)
    const port = host.tcp.choose({ families: [to.family], address: source })
    if (listening === undefined || port === undefined) continue
    const { client, server } = makePair(network, { family: to.family, address: source, port }, to, {
      client: options.sendQueue ?? defaultSendQueue,
      server: listening.sendQueue
    })
    listening.connect(server)
    return client
  }
  return reached
    ? failure("Refused", `nobody is listening at ${where}`)
    : failure("Unreachable", `there is no way to ${where}`)
}

const failure = (reason: DialError["reason"], message: string): DialError => new DialError({ reason, message })

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Endpoint from "../domain/Endpoint.js"
import * as Access from "../server/Access.js"
import * as Nodes from "../server/Nodes.js"
import * as Server from "../server/Server.js"
import type { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Entropy } from "../services/Entropy.js"
import type { ListenError, Listener, TlsCredentials } from "../services/Listener.js"
import type { Store, StoreError } from "../services/Store.js"
import { Terminal } from "../services/Terminal.js"
import type { Host } from "./commands/Host.js"
import type { ServerSettings } from "./commands/Server.js"
import * as Logging from "./Logging.js"
import type { Machine } from "./Machine.js"
import { ProgramError } from "./ProgramError.js"
import { optionsOf } from "./ServerOptionsOf.js"
import * as ServerReload from "./ServerReload.js"
import * as ServerTls from "./ServerTls.js"

/**
 * `parley server`: serves until it is interrupted (by a signal), which announces the end to the clients. Standard
 * output gets one line, with the actual address, once connections are accepted, unless the log says so on the same
 * screen or less is wished; it may be full, closed or absent.
 */
export const run = (
  settings: ServerSettings,
  machine: Pick<Machine, "store" | "window" | "neighbourhood">,
  host: Pick<Host, "env" | "exposure" | "onHangUp">,
  again: Effect.Effect<ServerSettings, ProgramError>
): Effect.Effect<void, ProgramError, FileSystem.FileSystem | Listener | Datagrams | Entropy | Crypto | Terminal> =>
  Effect.gen(function* () {
    const tls = settings.tls === undefined ? undefined : yield* ServerTls.read(settings.tls, host)
    return yield* Effect.provide(serve(settings, machine, host, again), serverOf(settings, tls, machine))
  }).pipe(
    Effect.catchTags({
      ListenError: ({ message }) => new ProgramError({ message }),
      StoreError: ({ message }) => new ProgramError({ message: `what the server keeps: ${message}` })
    }),
    Logging.provide(settings.logFormat, settings.logPersonal)
  )

const serve = (
  settings: ServerSettings,
  { window }: Pick<Machine, "window">,
  host: Pick<Host, "env" | "exposure" | "onHangUp">,
  again: Effect.Effect<ServerSettings, ProgramError>
) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const server = yield* Server.Server
    yield* ServerReload.onHangUp(settings, again, server, host)
    yield* beSeen(settings, server, window, host.env["OTEL_EXPORTER_OTLP_HEADERS"])
    // Where both streams are on one screen, the log has said it there.
    const logged = LogLevel.lessThanEqual(yield* FiberRef.get(FiberRef.currentMinimumLogLevel), LogLevel.Info)
    if (!settings.quiet && !(logged && terminal.outputIsTty && terminal.errorIsTty))
      // A server serves whether or not anybody can read this.
      yield* Effect.ignore(terminal.write(`parley server listening on ${Endpoint.format(server.local)}\n`))
    return yield* server.drained
  }).pipe(Effect.scoped)

/** Shows and sends the server's state; what that takes is loaded by those alone who ask for it. */
const beSeen = (
  { metrics, otlp }: ServerSettings,
  server: Server.ServerApi,
  window: Machine["window"],
  headers: string | undefined
) =>
  Effect.gen(function* () {
    if (metrics === undefined && otlp === undefined) return
    const services = yield* Layer.build(window)
    if (metrics !== undefined) {
      const ServerStatus = yield* Effect.promise(() => import("./ServerStatus.js"))
      yield* Effect.provide(ServerStatus.serve(metrics, server), services)
    }
    if (otlp !== undefined) {
      const ServerTelemetry = yield* Effect.promise(() => import("./ServerTelemetry.js"))
      yield* Effect.provide(ServerTelemetry.send(otlp, server, headers), services)
    }
  })

const serverOf = (
  settings: ServerSettings,
  tls: TlsCredentials | undefined,
  { neighbourhood, store }: Pick<Machine, "store" | "neighbourhood">
): Layer.Layer<Server.Server, ListenError | StoreError | ProgramError, Listener | Datagrams | Entropy | Crypto> => {
  const options = { ...optionsOf(settings), tls }
  const keptAt = (file: string | undefined) => (file === undefined ? undefined : inFolder(file, store))
  const lists = Layer.scoped(
    Access.Access,
    Access.keeping({ bans: keptAt(settings.bans), tokens: keptAt(settings.tokens) })
  )
  const { node } = settings
  if (node !== undefined) {
    const nodes = Layer.provide(Nodes.layer(options, node), neighbourhood(node.redis, node.prefix))
    return Layer.provide(Server.layer(options), Layer.merge(nodes, lists))
  }
  if (settings.names === undefined) return Layer.provide(Server.layerStandalone(options), lists)
  const names = inFolder(settings.names, store)
  return Layer.provide(Server.layerKeepingNames(options, names.name, settings.release), Layer.merge(lists, names.store))
}

/** A file as one of the store that its folder is. */
const inFolder = (file: string, store: (folder: string) => Layer.Layer<Store>): Access.KeptAt => {
  const at = file.lastIndexOf("/")
  return { name: file.slice(at + 1), store: store(at < 0 ? "." : file.slice(0, at + 1)) }
}

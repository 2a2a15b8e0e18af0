import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Programs } from "./cli/Cli.js"
import * as ClientProgram from "./cli/ClientProgram.js"
import * as DemoProgram from "./cli/DemoProgram.js"
import * as DoctorProgram from "./cli/doctor/Program.js"
import * as ReceiveFileProgram from "./cli/oneshot/ReceiveFileProgram.js"
import * as SendFileProgram from "./cli/oneshot/SendFileProgram.js"
import * as SendProgram from "./cli/oneshot/SendProgram.js"
import { ProgramError } from "./cli/ProgramError.js"
import * as ServerProgram from "./cli/ServerProgram.js"
import * as Profile from "./client/Profile.js"
import * as MemoryFiles from "./layers/memory/Files.js"
import * as MemoryStore from "./layers/memory/Store.js"
import * as Crypto from "./layers/node/Crypto.js"
import * as Datagrams from "./layers/node/Datagrams.js"
import * as Dialer from "./layers/node/Dialer.js"
import * as Entropy from "./layers/node/Entropy.js"
import * as NodeFiles from "./layers/node/Files.js"
import * as Interfaces from "./layers/node/Interfaces.js"
import * as LanDiscovery from "./layers/node/LanDiscovery.js"
import * as Listener from "./layers/node/Listener.js"
import * as PortMapping from "./layers/node/PortMapping.js"
import * as Resolver from "./layers/node/Resolver.js"
import * as NodeStore from "./layers/node/Store.js"

/**
 * The programs on Node's layers. `main` imports this file when a command starts, as it is most of what there is to
 * load.
 */

const machine = Layer.mergeAll(
  Crypto.layer,
  Datagrams.layer,
  Dialer.layer,
  Entropy.layer,
  Interfaces.layer,
  Listener.layer,
  Resolver.layer
).pipe(Layer.catchAll(({ message }) => Layer.fail(new ProgramError({ message }))))

export const server: Programs["server"] = (settings) => Effect.provide(ServerProgram.run(settings), machine)

const profiles = (home: string) =>
  Layer.provideMerge(
    Profile.layer,
    Layer.mergeAll(
      machine,
      LanDiscovery.layer,
      Layer.provide(PortMapping.layer, Datagrams.layer),
      NodeStore.layer(home),
      NodeFiles.layer(home)
    )
  )

export const client: Programs["client"] = (settings) =>
  Effect.provide(ClientProgram.run(settings), profiles(settings.home))

export const send: Programs["send"] = (settings) => Effect.provide(SendProgram.run(settings), profiles(settings.home))

export const sendFile: Programs["sendFile"] = (settings) =>
  Effect.provide(SendFileProgram.run(settings), profiles(settings.home))

export const receiveFile: Programs["receiveFile"] = (settings) =>
  Effect.provide(ReceiveFileProgram.run(settings), profiles(settings.home))

export const doctor: Programs["doctor"] = (settings) => Effect.provide(DoctorProgram.run(settings), machine)

/** Identities of the demo live in memory: it leaves no file behind. */
export const demo: Programs["demo"] = Effect.provide(
  DemoProgram.run(
    Layer.provide(Profile.layer, Layer.mergeAll(Crypto.layer, Entropy.layer, MemoryStore.layer)).pipe(Layer.orDie)
  ),
  Layer.merge(machine, MemoryFiles.layer)
)

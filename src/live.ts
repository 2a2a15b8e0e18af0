import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Machine } from "./cli/Machine.js"
import { ProgramError } from "./cli/ProgramError.js"
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
 * The programs' machine, on Node's layers. `main` imports this file when a command starts, as it is most of what there
 * is to load.
 */

const network = Layer.mergeAll(
  Crypto.layer,
  Datagrams.layer,
  Dialer.layer,
  Entropy.layer,
  Interfaces.layer,
  Listener.layer,
  Resolver.layer
).pipe(Layer.catchAll(({ message }) => Layer.fail(new ProgramError({ message }))))

export const machine: Machine = {
  network,
  at: (home) =>
    Layer.provideMerge(
      Profile.layer,
      Layer.mergeAll(
        network,
        LanDiscovery.layer,
        Layer.provide(PortMapping.layer, Datagrams.layer),
        NodeStore.layer(home),
        NodeFiles.layer(home)
      )
    ),
  passing: Layer.merge(network, MemoryFiles.layer),
  profiles: Layer.provide(Profile.layer, Layer.mergeAll(Crypto.layer, Entropy.layer, MemoryStore.layer)).pipe(
    Layer.orDie
  ),
  simulator: Effect.map(
    Effect.promise(() => import("./simulate.js")),
    ({ simulator }) => simulator
  )
}

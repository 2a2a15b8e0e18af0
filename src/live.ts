import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Programs } from "./cli/Cli.js"
import * as ClientProgram from "./cli/ClientProgram.js"
import { ProgramError } from "./cli/ProgramError.js"
import * as Profile from "./client/Profile.js"
import * as Crypto from "./layers/node/Crypto.js"
import * as Datagrams from "./layers/node/Datagrams.js"
import * as Dialer from "./layers/node/Dialer.js"
import * as Entropy from "./layers/node/Entropy.js"
import * as Interfaces from "./layers/node/Interfaces.js"
import * as Store from "./layers/node/Store.js"

/** The programs on Node's layers. `main` imports this file when a command starts, as it is most of what there is to load. */

const network = Layer.mergeAll(Crypto.layer, Datagrams.layer, Dialer.layer, Entropy.layer, Interfaces.layer).pipe(
  Layer.catchAll(({ message }) => Layer.fail(new ProgramError({ message })))
)

export const client: Programs["client"] = (settings) =>
  ClientProgram.run(settings).pipe(
    Effect.provide(Layer.provideMerge(Profile.layer, Layer.merge(network, Store.layer(settings.home))))
  )

export const server: Programs["server"] = () => Effect.void
export const demo: Programs["demo"] = Effect.void

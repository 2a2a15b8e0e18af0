import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Interfaces } from "../../services/Interfaces.js"
import type { Host } from "./Network.js"

/** The addresses of one host of a memory network. */
export const layer = (host: Host): Layer.Layer<Interfaces> =>
  Layer.succeed(Interfaces, { addresses: Effect.succeed(host.addresses) })

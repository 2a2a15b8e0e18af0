import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RegistryLimits } from "../core/rendezvous/RegistryMachine.js"
import type { Crypto as CryptoApi } from "../domain/Crypto.js"
import * as Bytes from "../protocol/Bytes.js"
import { Crypto } from "../services/Crypto.js"
import type { Entropy } from "../services/Entropy.js"
import type { ListenError } from "../services/Listener.js"
import type { NameEngine } from "../services/NameEngine.js"
import type { NodeLinks } from "../services/NodeLinks.js"
import type { Registry } from "../services/Registry.js"
import type { ClusterOptions } from "./Cluster.js"
import * as Mesh from "./Mesh.js"
import * as SharedRegistry from "./SharedRegistry.js"

/** What a server needs to be one of several nodes; one that does not have it is alone. */
export class Neighbours extends Context.Tag("parley/server/Neighbours")<Neighbours, ClusterOptions>() {}

export interface NodeOptions {
  /** Where this node listens for the others. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Where they reach it, `host:port`. */
  readonly at: string
  /** What all nodes have, and nobody else: at least 16 bytes that cannot be guessed. */
  readonly secret: string
  /** Whether nicknames are kept for identities that are away; not when left out. */
  readonly keeps?: boolean
}

/** The registry that several nodes share, and what they say to each other. */
export const layer = (
  limits: RegistryLimits,
  { at, keeps, listen, secret }: NodeOptions
): Layer.Layer<Registry | Neighbours, ListenError, NameEngine | NodeLinks | Entropy | Crypto> =>
  Layer.scoped(
    Neighbours,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const node = yield* SharedRegistry.Node
      const key = keyOf(crypto, "parley node link v1", secret)
      const mesh = yield* Mesh.make({ ...listen, key, nodes: node.nodes })
      return { node, mesh, channelSecret: keyOf(crypto, "parley channels of nodes v1", secret) }
    })
  ).pipe(Layer.provideMerge(SharedRegistry.layer(limits, at, keeps)))

const keyOf = (crypto: CryptoApi, label: string, secret: string): Uint8Array =>
  crypto.hash(KEY_BYTES, [Bytes.fromText(`${label}\n${secret}`)])

const KEY_BYTES = 32

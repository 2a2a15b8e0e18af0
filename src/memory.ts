import * as Layer from "effect/Layer"
import * as Entropy from "./layers/memory/Entropy.js"
import * as Files from "./layers/memory/Files.js"
import * as Host from "./layers/memory/Host.js"
import type { Network } from "./layers/memory/Network.js"
import * as Store from "./layers/memory/Store.js"
import * as Crypto from "./layers/node/Crypto.js"
import { FileTree } from "./services/FileTree.js"

/**
 * The world of one program in a test: a host of `network` without sockets, a disk without files, keys that follow from
 * `seed`. Programs of one test need different addresses and seeds. The cryptography is the real one.
 */
export const layerMemory = (
  network: Network,
  options: {
    readonly addresses: ReadonlyArray<string>
    readonly seed: number
    /** Give a restarted program the disk of its former life. */
    readonly disk?: Store.Disk
    /** What the user has in files, empty when left out. */
    readonly files?: FileTree
  }
) =>
  Layer.mergeAll(
    Host.layer(network, { addresses: options.addresses }),
    Entropy.layer(options.seed),
    Store.layerOn(options.disk ?? Store.makeDisk()),
    Files.layerOn(options.files ?? new FileTree()),
    Crypto.layer
  )

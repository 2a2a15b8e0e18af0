import * as Layer from "effect/Layer"
import type { Datagrams } from "../../services/Datagrams.js"
import type { Dialer } from "../../services/Dialer.js"
import type { Interfaces } from "../../services/Interfaces.js"
import type { Listener } from "../../services/Listener.js"
import type { Resolver } from "../../services/Resolver.js"
import * as MemoryDatagrams from "./Datagrams.js"
import * as MemoryDialer from "./Dialer.js"
import * as MemoryInterfaces from "./Interfaces.js"
import * as MemoryListener from "./Listener.js"
import type { Network } from "./Network.js"
import * as MemoryResolver from "./Resolver.js"

/** Everything that one program needs to live on a new host of `network`, reachable at `addresses` (IP literals). */
export const layer = (
  network: Network,
  { addresses }: { readonly addresses: ReadonlyArray<string> }
): Layer.Layer<Datagrams | Listener | Dialer | Interfaces | Resolver> =>
  Layer.suspend(() => {
    const host = network.host(addresses)
    return Layer.mergeAll(
      MemoryDatagrams.layer(network, host),
      MemoryListener.layer(network, host),
      MemoryDialer.layer(network, host),
      MemoryInterfaces.layer(host),
      MemoryResolver.layer(network)
    )
  })

import * as Layer from "effect/Layer"
import * as Crypto from "./layers/node/Crypto.js"
import * as Datagrams from "./layers/node/Datagrams.js"
import * as Dialer from "./layers/node/Dialer.js"
import * as Entropy from "./layers/node/Entropy.js"
import * as Files from "./layers/node/Files.js"
import * as Interfaces from "./layers/node/Interfaces.js"
import * as LanDiscovery from "./layers/node/LanDiscovery.js"
import * as Listener from "./layers/node/Listener.js"
import * as PortMapping from "./layers/node/PortMapping.js"
import * as Resolver from "./layers/node/Resolver.js"
import * as Store from "./layers/node/Store.js"

/** Everything that clients and servers ask of the world, on Node. Identities and pins go below the folder `home`. */
export const layerNode = (options: { readonly home: string }) =>
  Layer.mergeAll(
    Crypto.layer,
    Datagrams.layer,
    Dialer.layer,
    Entropy.layer,
    Files.layer(options.home),
    Interfaces.layer,
    LanDiscovery.layer,
    Listener.layer,
    Layer.provide(PortMapping.layer, Datagrams.layer),
    Resolver.layer,
    Store.layer(options.home)
  )

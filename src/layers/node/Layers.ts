import * as Layer from "effect/Layer"
import * as Crypto from "./Crypto.js"
import * as Datagrams from "./Datagrams.js"
import * as Dialer from "./Dialer.js"
import * as Entropy from "./Entropy.js"
import * as Files from "./Files.js"
import * as Interfaces from "./Interfaces.js"
import * as LanDiscovery from "./LanDiscovery.js"
import * as Listener from "./Listener.js"
import * as PortMapping from "./PortMapping.js"
import * as Resolver from "./Resolver.js"
import * as SignatureVerifier from "./SignatureVerifier.js"
import * as Store from "./Store.js"

/** What a program asks of the machine that it runs on, but for its files: sockets, names, random numbers. */
export const layerMachine = Layer.mergeAll(
  Layer.provideMerge(SignatureVerifier.layer, Crypto.layer),
  Datagrams.layer,
  Dialer.layer,
  Entropy.layer,
  Interfaces.layer,
  Listener.layer,
  Resolver.layer
)

/** What a client asks of the network that the machine is in: its router, and other clients. */
const neighbourhood = Layer.merge(LanDiscovery.layer, Layer.provide(PortMapping.layer, Datagrams.layer))

/** The files of the folder at this path. */
export const layerStore = Store.layer

/** Everything that clients and servers ask of the world, on Node. Profiles go below the folder `home`. */
export const layerNode = ({ home }: { readonly home: string }) =>
  Layer.mergeAll(layerMachine, neighbourhood, Files.layer(home), Store.layer(home))

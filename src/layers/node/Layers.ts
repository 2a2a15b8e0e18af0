import { homedir } from "node:os"
import process from "node:process"
import * as Layer from "effect/Layer"
import * as UserFolders from "../../domain/UserFolders.js"
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

/**
 * What a program asks of the machine that it runs on, but for its files: sockets, names, random numbers.
 *
 * @since 0.1.0
 */
export const layerMachine = Layer.mergeAll(
  Layer.provideMerge(SignatureVerifier.layer, Crypto.layer),
  Datagrams.layer,
  Dialer.layer,
  Entropy.layer,
  Interfaces.layer,
  Listener.layer,
  Resolver.layer
)

/** The router of the default route, to be asked for a port. */
export const layerRouter = Layer.provide(PortMapping.layer, Datagrams.layer)

/** What a client asks of the network that the machine is in: its router, and other clients. */
const neighbourhood = Layer.merge(LanDiscovery.layer, layerRouter)

/** The files of the folder at this path. */
export const layerStore = Store.layer

/**
 * Everything that clients and servers ask of the world, on Node. Profiles go below the folder `home`; when left out,
 * where the program `parley` has them: `$XDG_DATA_HOME/parley`, else `~/.local/share/parley`; on Windows
 * `%LOCALAPPDATA%\parley`.
 *
 * @since 0.1.0
 */
export const layerNode = ({ home = ownHome() }: { readonly home?: string } = {}) =>
  Layer.mergeAll(layerMachine, neighbourhood, Files.layer(home), Store.layer(home))

/** Node finds a home in the user database where the environment names none. Without any it is the working directory. */
const ownHome = (): string => {
  const { env, platform } = process
  const found = UserFolders.of(env, platform).dataHome ?? UserFolders.of({ HOME: homedir() }, platform).dataHome
  return found ?? "parley"
}

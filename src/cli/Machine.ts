import type * as Layer from "effect/Layer"
import type { ClientServices } from "../client/Client.js"
import type { Profiles } from "../client/Profile.js"
import type { RedisAddress } from "../domain/RedisAddress.js"
import type { Entropy } from "../services/Entropy.js"
import type { Files } from "../services/Files.js"
import type { Listener } from "../services/Listener.js"
import type { NameEngine } from "../services/NameEngine.js"
import type { NodeLinks } from "../services/NodeLinks.js"
import type { SignatureVerifier } from "../services/SignatureVerifier.js"
import type { Simulator } from "../services/Simulator.js"
import type { Store } from "../services/Store.js"
import type { Vitals } from "../services/Vitals.js"
import type { Web } from "../services/Web.js"
import type { ProgramError } from "./ProgramError.js"

/** What the programs stand on: the concrete layers, which only the program's entry names. */
export interface Machine {
  /** The network, the clock and random numbers, for programs that keep nothing. */
  readonly network: Layer.Layer<NetworkServices, ProgramError>
  /** The files of one folder. */
  readonly store: (folder: string) => Layer.Layer<Store>
  /** All that a client needs, with the profiles and files below the folder `home`. */
  readonly at: (home: string) => Layer.Layer<ClientServices, ProgramError>
  /** The same for programs that leave no file behind; each client builds `profiles` anew. */
  readonly passing: Layer.Layer<Exclude<ClientServices, Profiles> | Listener, ProgramError>
  readonly profiles: Layer.Layer<Profiles>
  /** What makes a server one of several nodes: where their nicknames are, and links between them. */
  readonly neighbourhood: (
    address: RedisAddress,
    prefix: string
  ) => Layer.Layer<NameEngine | NodeLinks, ProgramError, Entropy>
  /** What shows a server to those who run it. */
  readonly window: Layer.Layer<Web | Vitals>
  /** Processes with the simulated world in them. */
  readonly simulator: Layer.Layer<Simulator>
}

type NetworkServices = Exclude<ClientServices, Profiles | Files> | Listener | SignatureVerifier

import type { Policy } from "../core/peer/Policy.js"
import type { ServerAddress } from "./Values.js"

/** The options of `parley server` after all sources were merged; what is undefined takes the server's own default. */
export interface ServerSettings {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly token: string | undefined
  readonly motd: string | undefined
  readonly maxConnections: number | undefined
  readonly maxConnectionsPerAddress: number | undefined
  readonly relay: boolean
}

/** The options of `parley client` after all sources were merged. */
export interface ClientSettings {
  readonly nick: string | undefined
  /** None: the local network alone. */
  readonly server: ServerAddress | undefined
  readonly lan: boolean
  /** The folder of identities, known peers and undelivered messages. */
  readonly home: string
  readonly json: boolean
  readonly token: string | undefined
  readonly path: Policy
  readonly stun: ReadonlyArray<ServerAddress>
  readonly portMapping: boolean
}

/** The options of `parley doctor` after all sources were merged. */
export interface DoctorSettings {
  readonly server: ServerAddress
  readonly stun: ReadonlyArray<ServerAddress>
  readonly json: boolean
}

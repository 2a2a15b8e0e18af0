import type { AcceptPolicy } from "../core/client/Transfer.js"
import type { Policy } from "../core/peer/path/Policy.js"
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

/**
 * Who we are and how we find others: the options that all commands with a client share, after all sources were merged.
 */
export interface ConnectionSettings {
  /** None: the local network alone. */
  readonly server: ServerAddress | undefined
  readonly lan: boolean
  /** The folder of identities, known peers and undelivered messages. */
  readonly home: string
  /** Whether what is said is kept there too, and can be looked up. */
  readonly history: boolean
  readonly token: string | undefined
  readonly path: Policy
  readonly stun: ReadonlyArray<ServerAddress>
  readonly portMapping: boolean
}

/** The options of `parley client` after all sources were merged. */
export interface ClientSettings extends ConnectionSettings {
  readonly nick: string | undefined
  readonly json: boolean
  /** Whether others are told what was read. */
  readonly readReceipts: boolean
  /** File offers that are taken without asking. */
  readonly accept: AcceptPolicy
  /** The folder that accepted files go to; the working directory when undefined. */
  readonly downloads: string | undefined
  /** The user's own home folder, where there is one. */
  readonly userHome: string | undefined
}

/** The options that all commands share which do one thing and end. */
export interface OneShotSettings extends ConnectionSettings {
  readonly nick: string
  /** Milliseconds from the start, for files since something moved last; none: as long as it takes. */
  readonly timeout: number | undefined
  readonly json: boolean
}

/** The options of `parley send` after all sources were merged. */
export interface SendSettings extends OneShotSettings {
  readonly to: string
  /** `-`, or none: it comes from standard input. */
  readonly text: string | undefined
  /** Whether a message that was not delivered in time waits for a later run. */
  readonly keep: boolean
}

/** The options of `parley send-file` after all sources were merged. */
export interface SendFileSettings extends OneShotSettings {
  readonly to: string
  /** `-` for standard input. */
  readonly source: string
  /** What it is called at the other side, where it comes from standard input. */
  readonly name: string | undefined
  /** Whether an offer that is not done in the end waits for a later run. */
  readonly keep: boolean
}

/** The options of `parley receive-file` after all sources were merged. */
export interface ReceiveFileSettings extends OneShotSettings {
  /** Whose offer is taken; anybody's when undefined. */
  readonly from: string | undefined
  /** A folder, or `-` for standard output. */
  readonly to: string
  /** Whether to take it without asking. */
  readonly yes: boolean
  readonly keep: boolean
}

/** The options of `parley doctor` after all sources were merged. */
export interface DoctorSettings {
  readonly server: ServerAddress
  readonly stun: ReadonlyArray<ServerAddress>
  readonly json: boolean
}

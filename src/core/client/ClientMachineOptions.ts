import type { Certificate } from "../../domain/Certificate.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { Policy } from "../peer/path/Policy.js"
import type { HostAddress } from "./HostCandidates.js"
import type { IntroducerOptions } from "./Introducer.js"
import type { KnownServer } from "./ServerTrusts.js"
import type { Via } from "./ServerWays.js"

/** What a `ClientMachine` is made with; it does not change. */
export interface ClientMachineOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes: the only randomness of the machine. */
  readonly random: (length: number) => Uint8Array
  /** ms since 1970 UTC, for expiry dates and display alone. */
  readonly wallNow: () => number
  /** Monotonic ms. */
  readonly now: number
  /** The servers to choose from, the preferred ones first; none for the local network alone. */
  readonly servers: ReadonlyArray<KnownServer>
  /** Whether we show ourselves on the local network, and find others there. */
  readonly lan: boolean
  /** The server's access token, where it demands one. */
  readonly token: string | undefined
  /** Whose calls are told, and whose are answered by themselves. */
  readonly calls: IntroducerOptions
  /** Which paths conversations may take. */
  readonly path: Policy
  /** How many STUN servers the user names. */
  readonly stunServers: number
  /** Whether the router may be asked to forward a port. */
  readonly portMapping: boolean
  /** Whether ports of a NAT may be guessed where no other way leads past the relay. */
  readonly portGuessing: boolean
  /** Whether messages to us are taken. */
  readonly inbox: boolean
  /** Whether it is to be told what to remember of what is said; so it is when left out. */
  readonly history?: boolean
  /** The UDP ports that the driver has bound for peers. */
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** This machine's own addresses. */
  readonly addresses: ReadonlyArray<HostAddress>
}

/** What is seen of a connection to a server. */
export interface LinkSeen {
  /** The number of the server; the first one when left out. */
  readonly server?: number
  /** None where it is not encrypted. */
  readonly tls?: SeenTls | undefined
  /** How it was made, where that is not as the user said. */
  readonly via?: Via | undefined
}

/** What the server of an encrypted connection has shown, and what both ends have in common. */
export interface SeenTls {
  readonly certificate: Certificate
  /** None where TLS ends at a proxy in front of the server. */
  readonly exporter?: Uint8Array | undefined
}

import type { Certificate } from "../../domain/Certificate.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { Policy } from "../peer/path/Policy.js"
import type { HostAddress } from "./HostCandidates.js"
import type { IntroducerOptions } from "./Introducer.js"
import type { LinkPolicy } from "./ServerTrust.js"

/** What a `ClientMachine` is made with; it does not change. */
export interface ClientMachineOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes: the only randomness of the machine. */
  readonly random: (length: number) => Uint8Array
  /** ms since 1970 UTC, for expiry dates and display alone. */
  readonly wallNow: () => number
  /** Monotonic ms. */
  readonly now: number
  /** What the server is called (`domain/ServerName`); none for the local network alone. */
  readonly server: string | undefined
  /** How the link to the server is to be protected. */
  readonly link?: LinkPolicy
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
  /** Whether messages to us are taken. */
  readonly inbox: boolean
  /** The UDP ports that the driver has bound for peers. */
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** This machine's own addresses. */
  readonly addresses: ReadonlyArray<HostAddress>
}

/** What the server of an encrypted connection has shown, and what both ends have in common. */
export interface SeenTls {
  readonly certificate: Certificate
  /** None where TLS ends at a proxy in front of the server. */
  readonly exporter?: Uint8Array | undefined
}

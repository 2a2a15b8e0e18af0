import type { Certificate, ServerKey } from "../../domain/Certificate.js"
import * as Endpoint from "../../domain/Endpoint.js"
import * as ProxyAddress from "../../domain/ProxyAddress.js"
import * as ServerName from "../../domain/ServerName.js"
import type { ServerNotTrusted } from "./ClientError.js"
import { notTrusted } from "./ErrorTexts.js"
import type { Server } from "./Events.js"
import type { ServerPins } from "./ServerPins.js"
import type { Via } from "./ServerWays.js"

/** What the user says of the way to the server. */
export interface LinkPolicy {
  /** `auto`: encrypted where this profile has seen the server encrypted before. */
  readonly tls: "auto" | "always" | "never"
  /** The key that the server has to show, whatever was seen before. */
  readonly key?: ServerKey
  /** Whether an authority has to vouch for the server, as the user named those to trust. */
  readonly authority?: boolean
}

/** What was seen of a connection to the server. */
export interface Seen {
  readonly remote: Endpoint.Endpoint
  /** None where it is not encrypted. */
  readonly certificate: Certificate | undefined
  /** How it was made, where that is not as the user said. */
  readonly via?: Via | undefined
}

/**
 * Whether the server that we have reached is the one that we mean (docs/protocol.md §1.7). Its key is pinned when it is
 * seen first, as SSH does with hosts, unless an authority vouches for the name: then that has to be so from then on,
 * and the key may change. Once a server was seen encrypted, there is no way back but by the user's own word.
 */
export class ServerTrust {
  #known: string | undefined
  #told = ""
  #link: Omit<typeof Server.Type, "_tag" | "server"> | undefined

  constructor(
    /** The server's name; none for the local network alone. */
    private readonly server: string,
    private readonly policy: LinkPolicy,
    /** The names of all servers of the client, this one among them. */
    private readonly all: ReadonlyArray<string> = [server]
  ) {}

  /**
   * Whether the next connection is to be encrypted: also where another server was, so that whoever can keep us from
   * that one gets us no link that can be read. Nobody stands between a machine and itself.
   */
  shallEncrypt(pins: ServerPins | undefined): boolean {
    const { key, tls } = this.policy
    if (tls === "always" || key !== undefined) return true
    if (tls === "never" || pins === undefined) return false
    return pins.get(this.server) !== undefined || (!this.#isHere && this.all.some((name) => pins.get(name)))
  }

  get #isHere(): boolean {
    const host = ServerName.parse(this.server)?.host
    return host !== undefined && ProxyAddress.isHere(host.replace(/^\[|\]$/g, ""))
  }

  /** Judges a connection, and pins what is new; the error when it is not to be used. `wall`: ms since 1970 UTC. */
  judge({ certificate, remote, via }: Seen, pins: ServerPins | undefined, wall: number): ServerNotTrusted | undefined {
    const how = via === undefined ? {} : { via }
    if (certificate === undefined && this.shallEncrypt(pins))
      return this.unencrypted(`the connection to ${this.server} is not encrypted`, pins)
    if (certificate === undefined) {
      const isHere = Endpoint.scope(remote) === "loopback" && via?.proxy === undefined
      this.#link = { encryption: isHere ? "local" : "none", ...how }
      return undefined
    }
    const name = this.#pinOf(via, pins)
    const known = pins?.get(name)
    const refusal = this.#refusal(certificate, known?.key, known !== undefined)
    if (refusal !== undefined) return notTrusted(refusal)
    const { key, problem } = certificate
    const isKeyPinned = known?.key !== undefined && this.policy.authority !== true
    const byKey = this.policy.key !== undefined || isKeyPinned || problem !== undefined
    const isNew = known === undefined || known.key !== (byKey ? key : undefined)
    if (isNew) pins?.set(name, { ...(byKey ? { key } : {}), firstSeen: wall })
    const trust = this.policy.key !== undefined ? "given" : !byKey ? "authority" : isNew ? "new" : "pinned"
    this.#link = { encryption: "tls", key, trust, ...how }
    return undefined
  }

  /**
   * By another port, a server is the one whose key is known; one that is not encrypted at its own port is known by the
   * other one's name, so that it may stay so there.
   */
  #pinOf(via: Via | undefined, pins: ServerPins | undefined): string {
    const host = ServerName.parse(this.server)?.host
    if (via === undefined || host === undefined || this.shallEncrypt(pins)) return this.server
    return `${host}:${via.port}`
  }

  /** How the link that is up was made, where that is not as the user said. */
  get via(): Via | undefined {
    return this.#link?.via
  }

  /** The server turned out not to speak TLS. */
  unencrypted(message: string, pins: ServerPins | undefined): ServerNotTrusted {
    if (this.policy.tls === "auto" && pins?.get(this.server) === undefined && this.shallEncrypt(pins))
      return notTrusted(
        `${message}, and another one of your servers is: ask its operator for TLS, leave ${this.server} out, or start with --plain`
      )
    return notTrusted(
      pins?.get(this.server) === undefined
        ? `${message}: leave --tls out to go there unencrypted`
        : `${message} now, and did before: somebody may be between you and it; if its operator says that this is so, start with --plain`
    )
  }

  /** What there is to tell of the link that is up; nothing when it is as told last, unless that is `forgotten`. */
  news(forgotten = false): typeof Server.Type | undefined {
    if (this.#link === undefined) return undefined
    // That a key was new is no news once it is known.
    const { trust, ...rest } = this.#link
    const told = JSON.stringify({ ...rest, trust: trust === "new" ? "pinned" : trust })
    if (told === this.#told && !forgotten) return undefined
    this.#told = told
    return { _tag: "Server", server: this.server, ...this.#link }
  }

  /** Whether what comes over the link may have been put there by anybody on the way. */
  get isOpen(): boolean {
    return this.#link?.encryption === "none"
  }

  /** Whether this was said last of the server: what is tried again by itself is told once. */
  isRepeated(message: string): boolean {
    const isRepeated = this.#known === message
    this.#known = message
    return isRepeated
  }

  #refusal({ key, problem }: Certificate, pinned: ServerKey | undefined, isKnown: boolean): string | undefined {
    const { policy, server } = this
    const accept = `start once with --server-key ${key}`
    if (policy.key !== undefined)
      return policy.key === key
        ? undefined
        : `${server} has the key ${key}, not ${policy.key} as --server-key says: somebody may be between you and it`
    if (policy.authority === true)
      return (
        problem && `${server} is not to be trusted: ${problem} (--tls-ca names those that count); its key is ${key}`
      )
    if (pinned !== undefined)
      return pinned === key
        ? undefined
        : `the key of the server ${server} has changed from ${pinned} to ${key}: somebody may be between you and it; if its operator says that this is the new key, ${accept}`
    if (isKnown && problem !== undefined)
      return `an authority vouched for the server ${server} until now, and none does any more: ${problem}. Somebody may be between you and it; if its operator says that its key is ${key}, ${accept}`
    return undefined
  }
}

import type { ServerNotTrusted } from "./ClientError.js"
import type { Server } from "./Events.js"
import type { ServerPins } from "./ServerPins.js"
import { type LinkPolicy, type Seen, ServerTrust } from "./ServerTrust.js"
import type { Via } from "./ServerWays.js"

/** A server, and how the link to it is to be protected. */
export interface KnownServer {
  /** What it is called (`domain/ServerName`). */
  readonly name: string
  readonly link?: LinkPolicy
}

/** The servers of a client by their numbers, each trusted for itself, and the one that is connected or was last. */
export class ServerTrusts {
  readonly #trusts: ReadonlyArray<ServerTrust>
  #current = 0
  #told: number | undefined

  /** None for the local network alone. */
  constructor(private readonly servers: ReadonlyArray<KnownServer>) {
    const names = servers.map(({ name }) => name)
    this.#trusts = servers.map(({ link, name }) => new ServerTrust(name, link ?? { tls: "auto" }, names))
  }

  /** What the current server is called; empty where there is none. */
  get name(): string {
    return this.servers[this.#current]?.name ?? ""
  }

  /** What this server is called. */
  nameOf(server: number): string {
    return this.servers[server]?.name ?? ""
  }

  /** Whether the next connection to this server is to be encrypted. */
  shallEncrypt(server: number, pins: ServerPins | undefined): boolean {
    return this.#trusts[server]?.shallEncrypt(pins) === true
  }

  /** Judges a connection to this server, as `ServerTrust.judge` does; it is the current one from now on. */
  judge(server: number, seen: Seen, pins: ServerPins | undefined, wall: number): ServerNotTrusted | undefined {
    this.#current = server
    return this.#trusts[server]?.judge(seen, pins, wall)
  }

  /** This server turned out not to speak TLS. */
  unencrypted(server: number, message: string, pins: ServerPins | undefined): ServerNotTrusted {
    return this.#trusts[server]!.unencrypted(message, pins)
  }

  /** What there is to tell of the link that is up; nothing when it is as it was told last. */
  news(): typeof Server.Type | undefined {
    const news = this.#trusts[this.#current]?.news(this.#told !== this.#current)
    const isBack = this.#told !== undefined && this.#told > this.#current
    if (news === undefined) return undefined
    this.#told = this.#current
    if (this.#current > 0) return { ...news, insteadOf: this.nameOf(0) }
    return isBack ? { ...news, back: true } : news
  }

  /** The server that the user would rather have; none while we are on it. */
  get insteadOf(): string | undefined {
    return this.#current === 0 ? undefined : this.nameOf(0)
  }

  /** How the link that is up was made, where that is not as the user said. */
  get via(): Via | undefined {
    return this.#trusts[this.#current]?.via
  }

  /** Whether what comes over the link may have been put there by anybody on the way. */
  get isOpen(): boolean {
    return this.#trusts[this.#current]?.isOpen === true
  }

  /** Whether this was said last of the server, or the current one: what is tried again by itself is told once. */
  isRepeated(server: number | undefined, message: string): boolean {
    return this.#trusts[server ?? this.#current]?.isRepeated(message) === true
  }
}

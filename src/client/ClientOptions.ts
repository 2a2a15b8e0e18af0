import type * as Redacted from "effect/Redacted"
import type { Policy } from "../core/peer/path/Policy.js"
import type { ProxyAddress } from "../domain/ProxyAddress.js"

/**
 * What a client must be told. Everything else it asks of its services.
 *
 * @since 0.1.0
 */
export interface ClientOptions {
  /**
   * The rendezvous server; none for the local network alone. Of several, at most `MAX_SERVERS`, the first that answers
   * is used, those named first are preferred, and another one takes the place of one that is gone.
   */
  readonly server?: ServerAt | ReadonlyArray<ServerAt>
  /** Whether to show oneself on the local network and find others there, with the service `LanDiscovery`. */
  readonly lan?: boolean
  /** The server's access token, where it demands one; redacted, no log or error can show it. */
  readonly token?: string | Redacted.Redacted
  /** Which paths conversations may take; `prefer-direct` when left out. */
  readonly path?: Policy
  /**
   * STUN servers to ask for our outer address besides the rendezvous server: host names or IP literals, at most
   * `MAX_STUN`.
   */
  readonly stun?: ReadonlyArray<{ readonly host: string; readonly port: number }>
  /**
   * Whether to have the router forward a UDP port to us, with the service `PortMapping` where there is one; true when
   * left out.
   */
  readonly portMapping?: boolean
  /**
   * Whether a way past the relay is looked for where our NAT shows each destination another port and the peer's router
   * lets in only what it knows: by guesses at ports, some hundred small packets to the peer's address and back, at most
   * once an hour; and whether we help a peer whose NAT is of that kind. True when left out.
   */
  readonly portGuessing?: boolean
  /** The folder that accepted files go to when `accept` names none; the working directory when left out. */
  readonly downloads?: string
  /**
   * File transfers of an earlier process that are gone on with by themselves: `all` when left out, only what was
   * `incoming`, or `none`. The others stay for later; offering the same thing again goes on with it.
   */
  readonly resume?: "all" | "incoming" | "none"
  /** File offers that are accepted without asking; `ask` when left out: none. */
  readonly accept?: AcceptPolicy
  /**
   * Whether messages to us are taken; true when left out. Otherwise there is no `Message` and nothing is confirmed:
   * they wait at their senders for a client of ours that takes them. For programs that only want to say something.
   */
  readonly inbox?: boolean
  /**
   * Whether what is said and shown is kept in the profile, sealed, and can be looked up; false when left out, as most
   * programs have no use for texts on their disk.
   */
  readonly history?: boolean
  /** Whether `read` tells others what was read; false when left out. */
  readonly readReceipts?: boolean
  /**
   * Whose calls are told and answered with a handshake: everybody's when left out, or only those of people whom the
   * user has asked for before (`known`); to others this client is silent.
   */
  readonly acceptCalls?: CallPolicy
  /**
   * Whose calls are answered by themselves, as if the user had asked back: `nobody`'s when left out, or those of people
   * whom the user has asked for, under this nickname of theirs and in whatever run, and has not left since (`known`).
   */
  readonly answer?: AnswerPolicy
  /**
   * Whole fingerprints of people who are known from the start, for `accept`, `acceptCalls` and `answer`, whatever they
   * call themselves. A program that serves some and nobody else names them here, and says `known` there.
   */
  readonly known?: ReadonlyArray<string>
  /**
   * Whose nicknames are before anybody was met, as whole fingerprints by nickname. Whoever is called so, or looks like
   * it, and has another key is refused with `UnexpectedKey`. A key that the profile knows under it stays the one that
   * counts until `trust`.
   */
  readonly pins?: Readonly<Record<string, string>>
  /** Milliseconds that `exit` gives undelivered messages; `DEFAULT_LINGER` when left out. */
  readonly lingerMs?: number
}

/**
 * A rendezvous server: a host name or an IP literal, and the port of its control link, which is encrypted with TLS
 * (`tls`), or not (`false`), or, when left out, where this profile has seen it, or another one of the client's servers,
 * encrypted before; and the proxy that leads there, if any. Where the port cannot be reached, port 443 is tried.
 *
 * @since 0.1.0
 */
export interface ServerAt {
  readonly host: string
  readonly port: number
  readonly tls?: boolean | ServerTls
  readonly proxy?: ProxyAddress
}

/** The servers of these options, the preferred ones first. */
export const serversOf = ({
  server
}: {
  readonly server?: ClientOptions["server"] | undefined
}): ReadonlyArray<ServerAt> => (server === undefined ? [] : "host" in server ? [server] : server.slice(0, MAX_SERVERS))

/**
 * Nobody waits for more to fail.
 *
 * @since 0.1.0
 */
export const MAX_SERVERS = 4

/**
 * By what the server is to be known. Without either, its key is pinned when it is seen first.
 *
 * @since 0.1.0
 */
export interface ServerTls {
  /** Certificates of the authorities that have to vouch for it, PEM. */
  readonly authorities?: string
  /** The key that it has to show (`SHA256:…`), whatever was seen before. */
  readonly key?: string
}

/**
 * One is enough, a second one tells more of the NAT, a third covers for one that is down. Two ports of the server come
 * first.
 *
 * @since 0.1.0
 */
export const MAX_STUN = 4

/**
 * Two seconds: several attempts on any path that works, and no longer than a person waits for a program to end.
 *
 * @since 0.1.0
 */
export const DEFAULT_LINGER = 2_000

/**
 * Whose calls reach our user: everyone's, or those of people we know alone.
 *
 * @since 0.1.0
 */
export const CALL_POLICIES = ["everyone", "known"] as const
/** @since 0.1.0 */
export type CallPolicy = (typeof CALL_POLICIES)[number]

/**
 * Whose calls are answered without asking our user: nobody's, or those of people we know.
 *
 * @since 0.1.0
 */
export const ANSWER_POLICIES = ["nobody", "known"] as const
/** @since 0.1.0 */
export type AnswerPolicy = (typeof ANSWER_POLICIES)[number]

/**
 * Offers that are taken without asking: none; those of people whose key was known before this process; all.
 *
 * @since 0.1.0
 */
export const ACCEPT_POLICIES = ["ask", "known", "all"] as const
/** @since 0.1.0 */
export type AcceptPolicy = (typeof ACCEPT_POLICIES)[number]

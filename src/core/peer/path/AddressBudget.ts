import * as Endpoint from "../../../domain/Endpoint.js"
import { LinkedMap } from "../../support/LinkedMap.js"
import { type Rate, TokenBucket } from "../../support/TokenBucket.js"
import type { Standing, Transmit } from "../Route.js"

/**
 * What a client may send to addresses that have not proved to be a peer's: one account for all its conversations and
 * for every kind of packet, because whoever names or forges the address of somebody else can be eight peers at once.
 *
 * - Three times the bytes that authentic packets brought from an address may go back to it (RFC 9000 §8).
 * - An address that was *named* (a candidate) may have `FREE` bytes at once and as many in an hour besides, without
 *   having sent any: NATs let packets in only for who has sent some out. All addresses of one network together have
 *   four times that. What went to an endpoint that then proves itself is given back, so what is used up is what was
 *   sent in vain. When it is, a handshake packet may still go now and then (`HANDSHAKES`): otherwise two people whom no
 *   relay serves could not find each other again after an outage, however often they ask.
 *
 * - An address at which the server itself sees the peer may get `GUESSES` bytes more of packets that are nothing but a
 * byte: whoever names it as that of somebody else would have to be there.
 *
 * The first holds whichever way one counts, with the headers of IP and UDP and without them; what is free is counted
 * with them.
 *
 * Memory is bounded: the account that was used longest ago is forgotten first. To have one forgotten somebody must name
 * thousands of other addresses, and gains what one of them would have got.
 */
export class AddressBudget {
  /** By address, and by network. */
  readonly #accounts = new LinkedMap<string, Account>()

  /** Charges what leaves; `false` when it may not. */
  charge({ data, route, standing = "seen" }: Transmit, now: number): boolean {
    if (route._tag === "Relay" || standing === "proven") return true
    const { endpoint } = route
    const cost = costOf(endpoint, data.length)
    if (!this.allows(endpoint, standing, data.length, now)) return false
    const account = this.#account(endpoint.address, 1, now)
    if (standing === "guessed") {
      for (const { guesses } of [account, this.#account(networkOf(endpoint), factorOf(endpoint), now)])
        guesses.take(now, cost)
      return true
    }
    if (isPaid(account, data.length, cost)) {
      account.payload -= data.length
      account.wire -= cost
      return true
    }
    const network = this.#account(networkOf(endpoint), factorOf(endpoint), now)
    if (cost <= this.#free(endpoint, now) - reserveFor(data.length))
      this.#takeFree(endpoint, account, network, cost, now)
    else for (const { handshakes } of [account, network]) handshakes.take(now, cost)
    return true
  }

  /** Whether a packet of `bytes` may go to this address now. */
  allows(endpoint: Endpoint.Endpoint, standing: Standing, bytes: number, now: number): boolean {
    const cost = costOf(endpoint, bytes)
    if (standing === "proven" || isPaid(this.#accounts.get(endpoint.address), bytes, cost)) return true
    if (standing === "guessed")
      return bytes === 1 && [endpoint.address, networkOf(endpoint)].every((name) => this.#mayGuess(name, cost, now))
    if (standing !== "named") return false
    return cost <= this.#free(endpoint, now) - reserveFor(bytes) || (bytes > SMALL && this.#mayAsk(endpoint, cost, now))
  }

  /** Bytes of the largest packet that may be sent to this address because of what came from there. */
  room(endpoint: Endpoint.Endpoint): number {
    const account = this.#accounts.get(endpoint.address)
    return account === undefined ? 0 : Math.min(account.payload, account.wire - costOf(endpoint, 0))
  }

  /** An authentic packet of `bytes` came from this address, while it was not proven. */
  onHeard(endpoint: Endpoint.Endpoint, bytes: number, now: number): void {
    const account = this.#account(endpoint.address, 1, now)
    account.payload = Math.min(MAX_CREDIT, account.payload + AMPLIFICATION * bytes)
    account.wire = Math.min(MAX_CREDIT, account.wire + AMPLIFICATION * costOf(endpoint, bytes))
  }

  /** This endpoint has answered a PING that was sent nowhere else. */
  onProven(endpoint: Endpoint.Endpoint): void {
    const account = this.#accounts.get(endpoint.address)
    const spent = account?.spent.get(endpoint.port)
    if (account === undefined || spent === undefined) return
    account.spent.delete(endpoint.port)
    account.free.giveBack(spent)
    this.#accounts.get(networkOf(endpoint))?.free.giveBack(spent)
  }

  #free(endpoint: Endpoint.Endpoint, now: number): number {
    const own = this.#accounts.get(endpoint.address)?.free.left(now) ?? FREE
    return Math.min(own, this.#accounts.get(networkOf(endpoint))?.free.left(now) ?? factorOf(endpoint) * FREE)
  }

  /** Whether a handshake packet may go although the free bytes are used up. */
  #mayAsk(endpoint: Endpoint.Endpoint, cost: number, now: number): boolean {
    return [endpoint.address, networkOf(endpoint)].every(
      (name) => (this.#accounts.get(name)?.handshakes.wait(now, cost) ?? 0) === 0
    )
  }

  #mayGuess(name: string, cost: number, now: number): boolean {
    return (this.#accounts.get(name)?.guesses.wait(now, cost) ?? 0) === 0
  }

  #takeFree({ port }: Endpoint.Endpoint, account: Account, network: Account, bytes: number, now: number): void {
    account.free.charge(now, bytes)
    network.free.charge(now, bytes)
    account.spent.set(port, (account.spent.get(port) ?? 0) + bytes)
    if (account.spent.size > MAX_PORTS) account.spent.delete(account.spent.keys().next().value!)
  }

  /** The account of this name, which is the one used last from now on. */
  #account(name: string, factor: number, now: number): Account {
    const account = this.#accounts.get(name) ?? makeAccount(factor, now)
    this.#accounts.set(name, account)
    if (this.#accounts.size > MAX_ACCOUNTS) this.#accounts.delete(this.#accounts.oldest()!.key)
    return account
  }
}

interface Account {
  /** Bytes that may go back for what came, without and with headers. */
  payload: number
  wire: number
  /** Bytes that may be sent besides. */
  readonly free: TokenBucket
  /** Bytes of handshake packets when these are used up. */
  readonly handshakes: TokenBucket
  /** Bytes of OPEN to ports that are guessed. */
  readonly guesses: TokenBucket
  /** How much of these went to each port since it was proven last; at most `MAX_PORTS`. */
  readonly spent: Map<number, number>
}

const isPaid = (account: Account | undefined, bytes: number, cost: number): boolean =>
  account !== undefined && bytes <= account.payload && cost <= account.wire

const makeAccount = (factor: number, now: number): Account => ({
  payload: 0,
  wire: 0,
  free: new TokenBucket({ burst: factor * FREE, perSecond: (factor * FREE) / 3_600 }, now),
  handshakes: new TokenBucket({ burst: factor * HANDSHAKES.burst, perSecond: factor * HANDSHAKES.perSecond }, now),
  guesses: new TokenBucket({ burst: factor * GUESSES, perSecond: (factor * GUESSES) / 3_600 }, now),
  spent: new Map()
})

const reserveFor = (bytes: number): number => (bytes <= SMALL ? 0 : RESERVE)

/** Bytes on the wire of a packet with so many bytes of payload: the headers of IP and UDP count as well. */
export const costOf = ({ family }: Endpoint.Endpoint, bytes: number): number => bytes + (family === "ipv4" ? 28 : 48)

/** One name for the /24 of an IPv4 address, or the /64 of an IPv6 address, which one subscriber has. */
const networkOf = (endpoint: Endpoint.Endpoint): string => Endpoint.prefix(endpoint, endpoint.family === "ipv4" ? 3 : 8)

const factorOf = (endpoint: Endpoint.Endpoint): number =>
  Endpoint.scope(endpoint) === "global" ? NETWORK : LOCAL_NETWORK

/** RFC 9000 §8: times the bytes received that may go to an address not yet proven. */
export const AMPLIFICATION = 3
/**
 * Bytes, headers included, that an address may be sent unasked: at once, and in each hour after. Two strict NATs need a
 * series of eight probes (528) at each of at most three endpoints of one address (two guesses and a forwarded port),
 * and where there is no relay a handshake packet (394) or two as well.
 */
export const FREE = 4_096
/** Times that for one network: some neighbours of one house, and no flood on a link that they share. */
const NETWORK = 4
/** The same where the network is a local one: a conference asks for each other's cards. */
const LOCAL_NETWORK = 64
/** Bytes that only small packets may use, so that a path can still be proven by probes: a series for each of two. */
const RESERVE = 1_024
/**
 * Bytes of handshake packets that may follow when `FREE` is used up, headers included: the largest one, and one of the
 * usual size (394) each 50 s, so that each handshake, which is tried for 90 s, asks an address at least once.
 */
export const HANDSHAKES: Rate = { burst: 1_280, perSecond: 8 }
/**
 * Bytes of OPEN, headers included, that may go to ports of one address which are guessed: at once, and in each hour
 * after. A search to its end takes 29,696 of them (1,024 of 29 bytes), one that succeeds a quarter in the mean.
 */
export const GUESSES = 32_768
/** Bytes of a small packet: a probe or OPEN. */
export const SMALL = 64
/** Bytes: more than what is sent in answer within a few round trips. */
const MAX_CREDIT = 65_536
/** Addresses and networks remembered, 300 bytes each: a thousand peers have as many candidates. */
const MAX_ACCOUNTS = 8_192
/** More ports than one peer may name. */
const MAX_PORTS = 16

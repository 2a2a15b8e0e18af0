import { channelIdBytes } from "../../../domain/ChannelId.js"
import type { Crypto } from "../../../domain/Crypto.js"
import * as Endpoint from "../../../domain/Endpoint.js"
import * as Bytes from "../../../protocol/Bytes.js"
import { SALT_BYTES } from "../../../protocol/Handshake.js"
import { LinkedMap } from "../../support/LinkedMap.js"
import { type Rate, TokenBucket } from "../../support/TokenBucket.js"
import type { Route } from "../Route.js"
import { Cookies } from "./Cookies.js"
import * as Handshake from "./Handshake.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * Decides which HS1 is opened, which costs curve operations: about a millisecond with its answer. It knows those whose
 * `mac1` is right, and that were not opened before.
 *
 * There is one budget for all strangers and another for all that we have asked for, so that no number of strangers
 * delays anybody we want to hear of. Half of a budget is for whoever comes. When that is used up, the sender is asked
 * to show that it can be reached where it says it is (RETRY): the other half is for those who do, and each of their
 * addresses has a share of its own. So a flood from made-up addresses costs short hashes, and one from real addresses
 * leaves something for others.
 */
export class HandshakeGate {
  readonly #crypto: Crypto
  readonly #entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly #cookies: Cookies
  readonly #strangers: Budget
  readonly #asked: Budget
  /** By address that showed a cookie, in the order of last use; at most `MAX_SOURCES`. */
  readonly #sources = new LinkedMap<string, TokenBucket>()

  constructor(crypto: Crypto, entropy: { readonly bytes: (length: number) => Uint8Array }, now: number) {
    this.#crypto = crypto
    this.#entropy = entropy
    this.#cookies = new Cookies(crypto, entropy, now)
    this.#strangers = budget(STRANGERS, now)
    this.#asked = budget(ASKED, now)
  }

  /** What is to be done with an HS1 now: open it, drop it, or send this RETRY back the way it came. */
  judge({ hs1, introduction, isStranger, mac2, route }: Arrival, now: number): "Open" | "Drop" | Uint8Array {
    if (now < introduction.busyUntil) return "Drop"
    const { proven, retries, unproven } = isStranger ? this.#strangers : this.#asked
    if (unproven.take(now) === 0) return "Open"
    const source = sourceOf(route)
    if (mac2 !== undefined && this.#cookies.accepts(source, hs1, mac2, now))
      return this.#share(route, now).take(now) === 0 && proven.take(now) === 0 ? "Open" : "Drop"
    introduction.retries ??= new TokenBucket(RETRIES_EACH, now)
    if (introduction.retries.take(now) > 0 || retries.take(now) > 0) return "Drop"
    const { pairKey, record } = introduction
    const terms = { crypto: this.#crypto, pairKey, hs1, receiverStatic: record.staticKey }
    return Handshake.retry(terms, this.#cookies.of(source, now), this.#entropy.bytes(SALT_BYTES))
  }

  #share(route: Route, now: number): TokenBucket {
    const key = subscriberOf(route)
    const bucket = this.#sources.get(key) ?? new TokenBucket(EACH_SOURCE, now)
    const oldest = this.#sources.oldest()
    if (oldest !== undefined && this.#sources.size >= MAX_SOURCES && !this.#sources.has(key))
      this.#sources.delete(oldest.key)
    this.#sources.set(key, bucket)
    return bucket
  }
}

export interface Arrival {
  readonly introduction: OpenIntroduction
  /** Whether we have not asked for the peer. */
  readonly isStranger: boolean
  readonly hs1: Uint8Array
  readonly mac2: Uint8Array | undefined
  readonly route: Route
}

interface Budget {
  readonly unproven: TokenBucket
  readonly proven: TokenBucket
  readonly retries: TokenBucket
}

const budget = (rate: Rate, now: number): Budget => ({
  unproven: new TokenBucket(rate, now),
  proven: new TokenBucket(rate, now),
  retries: new TokenBucket(RETRIES, now)
})

/** Where a packet comes from, exactly: an address and port, or the relay of a channel, which knows its two sides. */
const sourceOf = (route: Route): Uint8Array =>
  route._tag === "Relay"
    ? Bytes.concat([Uint8Array.of(0), channelIdBytes(route.channel)])
    : Bytes.concat([
        Uint8Array.of(1, route.endpoint.port >> 8, route.endpoint.port & 0xff),
        Endpoint.toBytes(route.endpoint)
      ])

/** An IPv4 address, an IPv6 /64, or one side of a channel. */
const subscriberOf = (route: Route): string => {
  if (route._tag === "Relay") return route.channel
  const { address, family } = route.endpoint
  return family === "ipv4" ? address : Endpoint.prefix(route.endpoint, 8)
}

/**
 * Of all strangers, each half of the budget: `MAX_STRANGERS` make a handshake every two minutes, 0.5/s in all, and some
 * come and go. Both halves in full use are 20/s, or 3 % of a core.
 */
const STRANGERS: Rate = { burst: 20, perSecond: 10 }
/** Of all that we asked for: after an outage, all of `MAX_PEERS` are back in 10 s, at an eighth of a core. */
const ASKED: Rate = { burst: 100, perSecond: 50 }
/** Of each address that showed a cookie: a handshake and its renewals. */
const EACH_SOURCE: Rate = { burst: 4, perSecond: 1 }
/** Some 30 KB: more addresses than there are strangers, and as many as come back at once. */
const MAX_SOURCES = 256
/**
 * RETRY on one introduction: more than a listener who repeats old handshakes leaves an honest peer without. One costs
 * five short hashes, some 20 µs.
 */
const RETRIES_EACH: Rate = { burst: 10, perSecond: 100 }
/** RETRY to all strangers, or to all that we asked for: 1 % of a core. */
const RETRIES: Rate = { burst: 100, perSecond: 500 }

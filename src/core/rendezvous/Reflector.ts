import type * as Endpoint from "../../domain/Endpoint.js"
import * as ClassicStun from "../../protocol/ClassicStun.js"
import * as Stun from "../../protocol/Stun.js"
import type { Rate } from "../support/TokenBucket.js"
import { SourceLimiter } from "./SourceLimiter.js"

/** One of the reflector's sockets of a family: by address and by port, first or second. */
export interface Corner {
  readonly address: 0 | 1
  readonly port: 0 | 1
}

/** Where the sockets of one family are. */
export interface Site {
  /**
   * IP literals as clients know them. None: bound to all addresses of the machine, so that an answer cannot tell its
   * origin. Two: everything that RFC 5780 has.
   */
  readonly addresses: ReadonlyArray<string>
  readonly ports: readonly [number, number]
}

export interface ReflectorOptions {
  /** None for a family that is not served. */
  readonly sites: Readonly<Record<Endpoint.Family, Site | undefined>>
  /** Name of the software, ASCII of at most 127 characters, told where there is room for it. */
  readonly software: string
  readonly limits: ReflectorLimits
  /** Whether a client with a control link is at this address: a flood of forged requests does not take its answers. */
  readonly isKnown?: (address: string) => boolean
}

/**
 * How many answers the reflector gives.
 *
 * @since 0.1.0
 */
export interface ReflectorLimits {
  /** Answers to one IPv4 address or one IPv6 /64. */
  readonly each: Rate
  /** Answers to all. */
  readonly all: Rate
}

export interface Reply {
  /** The socket to answer from. The answer goes to where the request came from, always. */
  readonly from: Corner
  readonly data: Uint8Array
}

/**
 * Counts since the start. Every datagram is in exactly one of them.
 *
 * @since 0.1.0
 */
export interface ReflectorStats {
  readonly answered: number
  /** Binding requests that were answered with an error. */
  readonly refused: number
  /** Binding requests over a rate, not answered. */
  readonly limited: number
  /** Anything but a Binding request, not answered. */
  readonly ignored: number
}

/**
 * A STUN server for Binding requests (RFC 8489) with the behaviour discovery of RFC 5780, for clients of RFC 3489 too.
 * It keeps nothing about them but the buckets of its rate limits.
 *
 * Its requests can be forged, so it is no weapon: what is no valid Binding request gets no answer; an answer goes to
 * the address and port of the request alone (RESPONSE-ADDRESS, RESPONSE-PORT and PADDING are unknown here); what the
 * standards leave to the server is added only while the answer stays as small as the request.
 */
export class Reflector {
  readonly #limiter: SourceLimiter
  readonly #stats = { answered: 0, refused: 0, limited: 0, ignored: 0 }

  constructor(
    private readonly options: ReflectorOptions,
    now: number
  ) {
    this.#limiter = new SourceLimiter(options.limits.each, options.limits.all, now)
  }

  get stats(): ReflectorStats {
    return { ...this.#stats }
  }

  /** The answer to a datagram that came to the socket at `corner`, if there is to be one. Never throws. */
  handleDatagram(corner: Corner, source: Endpoint.Endpoint, data: Uint8Array, now: number): Reply | undefined {
    const site = this.options.sites[source.family]
    const message = Stun.decode(data)
    const modern = message?.class === "request" && message.method === Stun.BINDING ? message : undefined
    const classic = message === undefined && source.family === "ipv4" ? ClassicStun.decodeRequest(data) : undefined
    if (site === undefined || source.port === 0 || (modern === undefined && classic === undefined)) {
      this.#stats.ignored++
      return undefined
    }
    if (!this.#limiter.take(source, now, this.options.isKnown?.(source.address))) {
      this.#stats.limited++
      return undefined
    }
    const { reply, refused } =
      modern === undefined
        ? this.#answerClassic(site, corner, source, classic!)
        : this.#answer(site, corner, source, modern, data.length)
    if (refused) this.#stats.refused++
    else this.#stats.answered++
    return reply
  }

  #answer(site: Site, corner: Corner, source: Endpoint.Endpoint, request: Stun.Message, room: number): Answer {
    const { changeRequest } = request.attributes
    const from = change(site, corner, changeRequest ?? NO_CHANGE)
    const unknown = from === undefined ? [...request.unknown, CHANGE_REQUEST] : request.unknown
    if (from === undefined || unknown.length > 0) {
      const data = this.#encode(request, room, "error", {
        errorCode: { code: UNKNOWN_ATTRIBUTE, reason: "" },
        unknownAttributes: unknown.slice(0, MAX_UNKNOWN)
      })
      return { reply: { from: corner, data }, refused: true }
    }
    const origin = endpointOf(site, from, source.family)
    const data = this.#encode(request, room, "success", {
      xorMappedAddress: source,
      ...(origin === undefined ? {} : { responseOrigin: origin }),
      ...otherAddress(site, corner, source.family)
    })
    return { reply: { from, data }, refused: false }
  }

  /** What the standards demand, and then as much of the rest as fits into the size of the request. */
  #encode(request: Stun.Message, room: number, kind: "success" | "error", attributes: Stun.Attributes): Uint8Array {
    const message = {
      class: kind,
      method: Stun.BINDING,
      transactionId: request.transactionId,
      attributes,
      fingerprint: request.fingerprint
    }
    const demanded = Stun.encode(message)!
    const fingerprint = request.fingerprint || demanded.length + FINGERPRINT_BYTES <= room
    const size = demanded.length + (fingerprint && !request.fingerprint ? FINGERPRINT_BYTES : 0)
    const { software } = this.options
    const named = size + 4 + 4 * Math.ceil(software.length / 4) <= room
    if (!named && size === demanded.length) return demanded
    return Stun.encode({ ...message, attributes: named ? { ...attributes, software } : attributes, fingerprint })!
  }

  #answerClassic(site: Site, corner: Corner, source: Endpoint.Endpoint, request: ClassicStun.Request): Answer {
    const { changeRequest, transactionId, unknown } = request
    const from = change(site, corner, changeRequest)
    const refused = from === undefined ? [...unknown, CHANGE_REQUEST] : unknown
    if (from === undefined || refused.length > 0) {
      const data = ClassicStun.encodeUnknownAttributes(transactionId, refused.slice(0, MAX_UNKNOWN))
      return { reply: { from: corner, data }, refused: true }
    }
    const sourceAddress = endpointOf(site, from, source.family)
    const changedAddress = otherAddress(site, corner, source.family).otherAddress
    const data = ClassicStun.encodeSuccess({
      transactionId,
      mappedAddress: source,
      ...(sourceAddress === undefined ? {} : { sourceAddress }),
      ...(changedAddress === undefined ? {} : { changedAddress })
    })
    return { reply: { from, data }, refused: false }
  }
}

/**
 * A client sends a request or two every 20 s, and some twenty in the seconds of a discovery. 200 at once and 50/s serve
 * a hundred of them behind one address starting together, and a thousand in peace; as a reflection it is 5 kB/s. All: a
 * tenth of a core.
 */
export const DEFAULT_LIMITS: ReflectorLimits = {
  each: { burst: 200, perSecond: 50 },
  all: { burst: 5_000, perSecond: 5_000 }
}

interface Answer {
  readonly reply: Reply
  readonly refused: boolean
}

const NO_CHANGE = { address: false, port: false }
const CHANGE_REQUEST = 0x0003
/** RFC 8489 §6.3.1: a comprehension-required attribute that we do not know, or cannot honour. */
const UNKNOWN_ATTRIBUTE = 420
/** Attributes named in a 420: more than any honest request has. */
const MAX_UNKNOWN = 16
const FINGERPRINT_BYTES = 8

/** The socket to answer from; `undefined` when the change asked for needs a second address and there is none. */
const change = (
  site: Site,
  corner: Corner,
  wish: { readonly address: boolean; readonly port: boolean }
): Corner | undefined => {
  if (wish.address && site.addresses.length < 2) return undefined
  return {
    address: wish.address ? flip(corner.address) : corner.address,
    port: wish.port ? flip(corner.port) : corner.port
  }
}

const flip = (side: 0 | 1): 0 | 1 => (side === 0 ? 1 : 0)

const endpointOf = (site: Site, corner: Corner, family: Endpoint.Family): Endpoint.Endpoint | undefined => {
  const address = site.addresses[corner.address]
  return address === undefined ? undefined : { family, address, port: site.ports[corner.port] }
}

/** RFC 5780 §7.4: only a server with a second address may tell it. The opposite of where the request arrived. */
const otherAddress = (site: Site, corner: Corner, family: Endpoint.Family): Pick<Stun.Attributes, "otherAddress"> => {
  const other = change(site, corner, { address: true, port: true })
  const endpoint = other === undefined ? undefined : endpointOf(site, other, family)
  return endpoint === undefined ? {} : { otherAddress: endpoint }
}

import * as Endpoint from "../domain/Endpoint.js"

/** A control link in a WebSocket: what is said in HTTP ahead of it (docs/protocol.md §1.8). */

/** Where a client asks for the link. A server looks at no path: a proxy in front of it may have its own. */
export const PATH = "/parley"

/** The port where firewalls let everybody out. */
export const WEB_PORT = 443

/** The subprotocol of a link whose TLS ends at the server itself, so that a proof can be bound to it. */
export const BOUND = "parley-tls"
/** Of any other: TLS ends at a proxy, or there is none. */
export const PLAIN = "parley"

/** Whether a client speaks parley, by its header `Sec-WebSocket-Protocol`. */
export const offered = (header: string | undefined): boolean =>
  (header ?? "").split(",").some((word) => word.trim() === PLAIN)

/** What a client's TLS says that it will speak (RFC 7301), by which a server's port knows it from a bare link. */
export const ALPN = "http/1.1"

/**
 * Whose a request is by its header `X-Forwarded-For`, to which each proxy adds whom it has heard: the last one who is
 * no proxy of ours. `undefined` when there is none to be found. The port is 0, as proxies do not tell it.
 */
export const forwardedFor = (
  header: string | undefined,
  isProxy: (address: Endpoint.Endpoint) => boolean
): Endpoint.Endpoint | undefined => {
  const heard = (header ?? "").slice(-MAX_FORWARDED).split(",").reverse()
  for (const word of heard) {
    const text = word.trim()
    const [, bracketed, plain] = /^\[([^\]]+)\](?::\d+)?$|^([0-9.]+):\d+$/.exec(text) ?? []
    const address = Endpoint.make(bracketed ?? plain ?? text, 0)
    if (address === undefined || !isProxy(address)) return address
  }
  return undefined
}

/** Characters of the end of a header that are looked at: a dozen proxies. */
const MAX_FORWARDED = 1_024

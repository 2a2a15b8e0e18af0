import { ADDRCONFIG, lookup } from "node:dns"
import * as Net from "node:net"
import { HappyEyeballs } from "../../services/HappyEyeballs.js"
import { MAX_ADDRESSES } from "../../services/Resolver.js"
import { socketOptions } from "./Connection.js"
import { codeOf } from "./Errno.js"

/** Where a TCP connection goes: a host name or IP literal with a port in 1 to 65535, or a socket of the file system. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly socket?: string | undefined
}

/**
 * Connects to whichever address of the place answers first (`HappyEyeballs`). (Node's own way ends each try when the
 * next one begins: of a far server with a dead second address it never reaches any.)
 *
 * Exactly one of the two is called, once and never before this returns: `connected` with the socket, which has no
 * listeners left of ours, or `failed` with what went wrong: an `AggregateError` where that was more than one thing.
 * What this gives ends all tries; then neither is called.
 */
export const race = (
  place: Place,
  timeoutMs: number,
  connected: (socket: Net.Socket) => void,
  failed: (cause: unknown) => void,
  lookUp: LookUp = bySystem
): (() => void) => {
  const underWay = new Set<Net.Socket>()
  const causes: Array<unknown> = []
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const end = () => {
    isOver = true
    clearTimeout(timer)
    clearTimeout(deadline)
    for (const socket of underWay) socket.destroy()
    underWay.clear()
  }
  const fail = (cause: unknown) => {
    causes.push(cause)
    end()
    failed(causes.length === 1 ? cause : Object.assign(new AggregateError(causes), { code: codeOf(causes[0]) }))
  }
  const deadline = setTimeout(() => fail({ code: "ETIMEDOUT" }), timeoutMs)
  const tryOne = (where: Net.NetConnectOpts, lost: (cause: unknown) => void) => {
    const socket = new Net.Socket(socketOptions)
    underWay.add(socket)
    socket.on("error", (cause) => {
      // What ends after the race is no news.
      if (underWay.delete(socket) && !isOver) lost(cause)
    })
    socket.connect(where, () => {
      if (isOver) return
      underWay.delete(socket)
      end()
      socket.removeAllListeners("error")
      connected(socket)
    })
  }
  const begin = (addresses: ReadonlyArray<string>) => {
    const order = new HappyEyeballs(addresses.slice(0, MAX_ADDRESSES), familyOf)
    const goOn = () => {
      clearTimeout(timer)
      const now = performance.now()
      for (let host = order.pollTry(now); host !== undefined; host = order.pollTry(now))
        tryOne({ host, port: place.port }, (cause) => {
          order.handleFailure()
          if (order.isOver) return fail(cause)
          causes.push(cause)
          goOn()
        })
      const next = order.pollTimeout()
      if (next !== undefined) timer = setTimeout(goOn, Math.max(1, Math.ceil(next - now)))
    }
    goOn()
  }
  if (place.socket !== undefined) tryOne({ path: place.socket }, fail)
  else if (Net.isIP(place.host) !== 0) begin([place.host])
  else
    lookUp(place.host, (cause, found) => {
      if (isOver) return
      if (cause === null && found.length > 0) begin(found)
      else fail(cause ?? { code: "ENOTFOUND" })
    })
  return end
}

/** Gives the addresses of a host in the order in which the system would try them. */
type LookUp = (host: string, found: (cause: unknown, addresses: ReadonlyArray<string>) => void) => void

const bySystem: LookUp = (host, found) =>
  lookup(host, { all: true, verbatim: true, hints: ADDRCONFIG }, (cause, addresses) =>
    found(
      cause,
      (addresses ?? []).map(({ address }) => address)
    )
  )

const familyOf = (address: string) => (Net.isIPv6(address) ? "ipv6" : "ipv4")

import type * as Net from "node:net"
import { MAX_HEADER, type ProxyHeader, read } from "../../protocol/ProxyHeader.js"

/** Who a connection of a proxy is of. */
export type Introduced = Extract<ProxyHeader, { readonly _tag: "Client" | "Own" }>

/**
 * Reads the header that a proxy sends ahead of everything else, and leaves what follows to be read. `undefined`: none
 * came that can be read, in time; the socket is destroyed by whoever called. Nothing is called for a socket that is
 * gone before. No more than the largest header is held.
 */
export const introduced = (socket: Net.Socket, done: (header: Introduced | undefined) => void): void => {
  let heard: Uint8Array<ArrayBufferLike> = new Uint8Array(0)
  const finish = (header: Introduced | undefined) => {
    clearTimeout(deadline)
    socket.off("readable", hear)
    socket.off("end", ended)
    socket.off("close", gone)
    done(header)
  }
  const hear = () => {
    const piece = socket.read() as Buffer | null
    if (piece === null) return
    heard = heard.length === 0 ? piece : Buffer.concat([heard, piece])
    const header = read(heard.subarray(0, MAX_HEADER))
    if (header._tag === "More") return
    if (header._tag !== "Bad" && heard.length > header.length) socket.unshift(heard.subarray(header.length))
    finish(header._tag === "Bad" ? undefined : header)
  }
  const ended = () => finish(undefined)
  const gone = () => clearTimeout(deadline)
  const deadline = setTimeout(ended, WITHIN_MS)
  socket.on("error", gone)
  socket.on("readable", hear)
  socket.on("end", ended)
  socket.on("close", gone)
}

/** ms: a proxy sends the header with its first packet, and begins anew at once when that is lost. */
const WITHIN_MS = 5_000

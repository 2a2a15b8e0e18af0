import type { ServerKey } from "../../domain/Certificate.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Connection, ConnectionHandler, Tls } from "../../services/Connection.js"
import type { TlsCredentials } from "../../services/Listener.js"

/**
 * What TLS is to the programs of a simulated world: whoever dials learns the key that the other side holds, and both
 * ends have bytes in common that no other connection has. Nothing is encrypted, as nobody here reads what passes: whom
 * a man in the middle deceives depends on keys and exporters alone.
 *
 * Each side says `TLS` and 16 random bytes, the accepted one its key as well; what follows passes as it is.
 */

/** Here a certificate is the text of a key, or `KEY for HOST` where an authority vouches for the host. */
export const keyOf = ({ certificate }: TlsCredentials): ServerKey => certificate.split(" for ")[0]!

/** The handler for a raw connection that is accepted; `accept` is asked at once, and what it sends waits. */
export const accepted = (
  raw: Connection,
  { certificate }: TlsCredentials,
  nonce: Uint8Array,
  accept: (connection: Connection) => ConnectionHandler | undefined
): ConnectionHandler | undefined => {
  let exporter: Uint8Array | undefined
  let waiting: Array<Uint8Array | string> | undefined = []
  const greet = (hello: Uint8Array) => {
    exporter = Bytes.concat([hello, nonce])
    const shown = Bytes.fromText(certificate)
    raw.send(Bytes.concat([MARK, nonce, Uint8Array.of(shown.length >> 8, shown.length & 0xff), shown]))
    for (const data of waiting ?? []) raw.send(data)
    waiting = undefined
  }
  const connection = over(raw, { exporter: () => exporter }, (data) => {
    if (waiting === undefined) return raw.send(data)
    waiting.push(data)
    return true
  })
  const handler = accept(connection)
  return handler && reading(raw, handler, () => MARK.length + NONCE_BYTES, greet)
}

/** The handler for a raw connection that was dialled; `done` is called when the other side has shown a key or ended. */
export const dialled = (
  raw: Connection,
  host: string,
  nonce: Uint8Array,
  begin: (connection: Connection) => ConnectionHandler,
  done: (connection: Connection | undefined) => void
): ConnectionHandler => {
  let handler: ConnectionHandler | undefined
  raw.send(Bytes.concat([MARK, nonce]))
  const greet = (hello: Uint8Array, text: Uint8Array) => {
    const exporter = Bytes.concat([nonce, hello])
    const certificate = Bytes.toText(text) ?? ""
    const problem = certificate.endsWith(` for ${host}`) ? undefined : "its certificate is signed by itself"
    const shown = { key: keyOf({ certificate, privateKey: "" }), problem }
    const connection = over(raw, { exporter: () => exporter, certificate: shown }, raw.send)
    handler = begin(connection)
    done(connection)
  }
  const inner: ConnectionHandler = {
    onData: (data) => handler?.onData(data),
    onEnd: () => {
      if (handler?.onEnd === undefined) raw.end()
      else handler.onEnd()
    },
    onClose: (reason) => {
      if (handler === undefined) done(undefined)
      else handler.onClose(reason)
    }
  }
  const length = (head: Uint8Array) => FIXED + 256 * head[FIXED - 2]! + head[FIXED - 1]!
  return reading(raw, inner, (head) => (head.length < FIXED ? FIXED : length(head)), greet)
}

const over = (raw: Connection, tls: Tls, send: Connection["send"]): Connection => ({
  local: raw.local,
  remote: raw.remote,
  tls,
  send,
  queued: raw.queued,
  pause: raw.pause,
  resume: raw.resume,
  end: raw.end,
  destroy: raw.destroy
})

/** Takes the first bytes for the greeting, as many as `needed` says of those that are there; ends what is none. */
const reading = (
  raw: Connection,
  handler: ConnectionHandler,
  needed: (head: Uint8Array) => number,
  greet: (nonce: Uint8Array, rest: Uint8Array) => void
): ConnectionHandler => {
  let head: Uint8Array | undefined = new Uint8Array()
  return {
    ...(handler.onEnd === undefined ? {} : { onEnd: () => handler.onEnd?.() }),
    onClose: (reason) => handler.onClose(reason),
    onData: (data) => {
      if (head === undefined) return handler.onData(data)
      head = Bytes.concat([head, data])
      if (!MARK.every((byte, i) => (head?.[i] ?? byte) === byte)) return raw.destroy()
      const length = needed(head)
      if (head.length < length) return
      const [greeting, rest] = [head.subarray(0, length), head.slice(length)]
      head = undefined
      greet(greeting.slice(MARK.length, MARK.length + NONCE_BYTES), greeting.slice(FIXED))
      if (rest.length > 0) handler.onData(rest)
    }
  }
}

const MARK = Bytes.fromText("TLS")
export const NONCE_BYTES = 16
/** Mark, nonce, and the length of a certificate. */
const FIXED = MARK.length + NONCE_BYTES + 2

import * as Net from "node:net"
import * as NodeTls from "node:tls"
import * as ServerName from "../../domain/ServerName.js"
import { MAX_HEARD, type ProxyTalk, talk } from "../../protocol/ProxyTalk.js"
import { DialError, type DialOptions } from "../../services/Dialer.js"
import type { Wire } from "./Connection.js"
import { withoutTls } from "./DialErrors.js"
import { describe } from "./Errno.js"
import * as ProxyErrors from "./ProxyErrors.js"

/** Whether a connection over TCP is all that is wished for. */
export const areNone = ({ isWeb, proxy, tls }: DialOptions): boolean =>
  isWeb !== true && proxy === undefined && tls === undefined

/**
 * What follows on a socket that is connected: the proxy is asked for the way, TLS is begun, a WebSocket asked for, as
 * far as each is wished for. One of `done` and `fail` is called, unless the socket is destroyed before.
 */
export const take = (
  tcp: Net.Socket,
  options: DialOptions,
  timeoutMs: number,
  done: (wire: Wire) => void,
  fail: (error: DialError) => void
): void => {
  const { host, isWeb, proxy, tls } = options
  const web = (wire: Wire) => {
    if (isWeb !== true) {
      done(wire)
      return
    }
    void import("./WebSockets.js").then(({ dialled }) => {
      const where = ServerName.shown(host, options.port)
      const refused = (why: string) => fail(new DialError({ reason: "NoWeb", message: `${where} ${why}` }))
      dialled(wire.socket!, host, timeoutMs, (socket, isBound) => done(linked(wire, socket, isBound)), refused)
    })
  }
  const encrypt = (socket: Net.Socket) => {
    if (tls === undefined) {
      web({ socket, tcp })
      return
    }
    void import("./Tls.js").then(({ dialled }) =>
      dialled({ socket, tcp, isWeb: isWeb === true }, host, tls, web, (cause) => fail(withoutTls(options, cause)))
    )
  }
  if (proxy === undefined) {
    encrypt(tcp)
    return
  }
  const lead = (socket: Net.Socket) => {
    const failed = (problem: ProxyErrors.Problem) => fail(ProxyErrors.of(options, proxy, problem))
    ask(socket, talk(proxy, options), () => encrypt(socket), failed)
  }
  if (proxy.kind !== "https") {
    lead(tcp)
    return
  }
  const secured = NodeTls.connect({ socket: tcp, host: proxy.host, ...serverNameOf(proxy.host) })
  secured.once("error", (cause) => fail(ProxyErrors.of(options, proxy, { reason: "noTls", why: describe(cause) })))
  secured.once("secureConnect", () => lead(secured))
}

/** An address is not told (RFC 6066 §3). */
const serverNameOf = (host: string) => (Net.isIP(host) === 0 ? { servername: host } : {})

/** The exporter is of use where TLS ends at the server itself. */
const linked = (wire: Wire, socket: Wire["socket"], isBound: boolean): Wire =>
  wire.tls === undefined || isBound
    ? { ...wire, socket }
    : { ...wire, socket, tls: { ...wire.tls, exporter: () => undefined } }

/** Talks to a proxy, and leaves what the server says to be read. */
const ask = (
  socket: Net.Socket,
  dialog: ProxyTalk,
  done: () => void,
  fail: (problem: ProxyErrors.Problem) => void
): void => {
  let heard: Uint8Array<ArrayBufferLike> = new Uint8Array(0)
  const stop = () => {
    socket.off("readable", read).off("end", ended)
  }
  const ended = () => {
    stop()
    fail({ reason: "noProxy" })
  }
  const read = () => {
    for (let piece = socket.read(); piece !== null; piece = socket.read()) {
      heard = Buffer.concat([heard, piece as Buffer])
      let step = dialog.hear(heard)
      for (; step._tag === "Say"; step = dialog.hear(heard)) {
        heard = heard.subarray(step.taken)
        socket.write(step.bytes)
      }
      if (step._tag === "More" && heard.length < MAX_HEARD) continue
      stop()
      if (step._tag !== "Done") return fail(step._tag === "Failed" ? step.failure : { reason: "noProxy" })
      if (heard.length > step.taken) socket.unshift(heard.subarray(step.taken))
      return done()
    }
  }
  socket.on("readable", read).on("end", ended)
  socket.write(dialog.first)
}

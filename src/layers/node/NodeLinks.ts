import type * as Net from "node:net"
import * as NodeTls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Connection } from "../../services/Connection.js"
import { DialError } from "../../services/Dialer.js"
import { ListenError } from "../../services/Listener.js"
import { type NodeLinkOptions, NodeLinks } from "../../services/NodeLinks.js"
import * as NodeConnection from "./Connection.js"
import { describe } from "./Errno.js"
import { race } from "./TcpRace.js"

/**
 * TLS with a pre-shared key (RFC 5489: with ephemeral keys, so what was recorded stays secret when the key leaks). 1.2,
 * because Node offers keys of one's own to no other version.
 */
const secured = (key: Uint8Array) =>
  ({
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
    ciphers: "ECDHE-PSK-CHACHA20-POLY1305",
    key: undefined,
    psk: Buffer.from(key)
  }) as const

export const layer: Layer.Layer<NodeLinks> = Layer.succeed(NodeLinks, {
  listen: (options, accept) =>
    Effect.asVoid(
      Effect.acquireRelease(open(options, accept), ({ live, server }) =>
        Effect.sync(() => {
          server.close()
          for (const connection of live) connection.destroy()
        })
      )
    ),
  dial: (options, handler) =>
    Effect.acquireRelease(connect(options, handler), (connection) => Effect.sync(() => connection.destroy()))
})

const open = (options: NodeLinkOptions, accept: Parameters<typeof NodeLinks.Service.listen>[1]) =>
  Effect.async<{ readonly server: Net.Server; readonly live: Set<Connection> }, ListenError>((resume) => {
    const { psk, ...tls } = secured(options.key)
    const live = new Set<Connection>()
    const server = NodeTls.createServer(
      {
        ...tls,
        ...NodeConnection.socketOptions,
        handshakeTimeout: TIMEOUT_MS,
        pskIdentityHint: IDENTITY,
        pskCallback: (_socket, identity) => (identity === IDENTITY ? psk : null)
      },
      (socket) => {
        const connection = NodeConnection.make({ socket, tcp: socket }, SEND_QUEUE, accept, () => {
          if (connection !== undefined) live.delete(connection)
        })
        if (connection !== undefined) live.add(connection)
      }
    )
    let isOpen = false
    // Whoever has no key is gone, and nobody's business. Until it listens, what fails is the listening.
    server.on("tlsClientError", (_cause, socket) => socket.destroy())
    server.on("error", (cause: NodeJS.ErrnoException) => {
      if (isOpen) return
      const reason = cause.code === "EADDRINUSE" ? "AddressInUse" : "Other"
      const message = `cannot listen for other nodes on ${options.host}:${options.port}: ${describe(cause)}`
      resume(Effect.fail(new ListenError({ reason, message, cause })))
    })
    server.listen({ host: options.host, port: options.port }, () => {
      isOpen = true
      resume(Effect.succeed({ server, live }))
    })
  })

const connect = (options: NodeLinkOptions, handler: Parameters<typeof NodeLinks.Service.dial>[1]) =>
  Effect.async<Connection, DialError>((resume) => {
    const { psk, ...tls } = secured(options.key)
    const { host, port } = options
    let end = () => {}
    const fail = (cause: unknown) => {
      clearTimeout(deadline)
      end()
      resume(Effect.fail(new DialError({ reason: "Other", message: `${host}:${port}: ${describe(cause)}`, cause })))
    }
    const deadline = setTimeout(() => fail({ code: "ETIMEDOUT" }), TIMEOUT_MS)
    const secure = (tcp: Net.Socket) => {
      tcp.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      const socket = NodeTls.connect({
        ...tls,
        socket: tcp,
        // There is no certificate to judge: the key is the proof.
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk, identity: IDENTITY })
      })
      end = () => socket.destroy()
      socket.once("error", fail)
      socket.once("secureConnect", () => {
        clearTimeout(deadline)
        socket.off("error", fail)
        const connection = NodeConnection.make({ socket, tcp }, SEND_QUEUE, handler, () => {})
        if (connection === undefined) fail({ code: "ECONNRESET" })
        else resume(Effect.succeed(connection))
      })
    }
    end = race(options, TIMEOUT_MS, secure, fail)
    return Effect.sync(() => {
      clearTimeout(deadline)
      end()
    })
  })

const IDENTITY = "parley node"
const TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 10_000
/** Bytes that wait for a node: some seconds of what is relayed over a slow line; beyond it packets are dropped. */
const SEND_QUEUE = 4 * 1024 * 1024

import * as Fs from "node:fs"
import * as Net from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { Duplex } from "node:stream"
import { connect as connectTls } from "node:tls"
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { concat } from "../../../src/protocol/Bytes.js"
import { Listener, type ListenOptions } from "../../../src/services/Listener.js"
import { binary, binaryOf, textOf } from "../../protocol/ProxyHeaders.js"
import { own } from "../../support/Certificates.js"
import { scopedLive } from "../../support/Live.js"
import { Acceptor, Signal, utf8 } from "../conformance/Recorder.js"
import { temporaryFolder } from "./TemporaryFolder.js"

const listening = (options: Partial<ListenOptions>, acceptor = new Acceptor()) =>
  Effect.flatMap(Listener, ({ listen }) => listen({ port: 0, host: "127.0.0.1", ...options }, acceptor.accept))

/** A connection by hand, and what has come over it by its end. */
const dialled = (where: Net.NetConnectOpts, first: Uint8Array) => {
  const socket = Net.connect(where)
  const ended = new Promise<void>((resolve) =>
    socket
      .on("error", () => {})
      .resume()
      .on("close", () => resolve())
  )
  socket.write(first)
  return { socket, ended: Effect.promise(() => ended) }
}

// What only Node's listener does: sockets of the file system, and proxies in front.
const scoped = scopedLive(NodeListener.layer)

describe.runIf(process.platform !== "win32")("a socket of the file system", () => {
  scoped("is for those whom its mode lets in, takes connections of this machine, and is gone at the end", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "socket")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const acceptor = new Acceptor()
          const { local } = yield* listening({ socket: { path, mode: 0o640 } }, acceptor)
          expect(local).toEqual(Endpoint.make("127.0.0.1", 0))
          expect(Fs.statSync(path).mode & 0o777).toBe(0o640)
          const { socket } = dialled({ path }, utf8("hello"))
          const { connection, recorder } = yield* acceptor.nth(0)
          yield* recorder.received(5)
          expect([recorder.text, connection.remote, connection.local]).toEqual(["hello", local, local])
          socket.destroy()
        })
      )
      expect(Fs.existsSync(path)).toBe(false)
    })
  )

  scoped("that an ended program has left is replaced; one in use, and a file that is none, stay", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = join(folder, "socket")
      const first = Net.createServer()
      yield* Effect.async<void>((resume) => void first.listen(path, () => resume(Effect.void)))
      // A hard link outlives the server, as a socket does whose program was killed.
      Fs.linkSync(path, join(folder, "left"))
      const busy = yield* Effect.flip(listening({ socket: { path, mode: 0o600 } }))
      expect([busy.reason, busy.message]).toEqual([
        "AddressInUse",
        `cannot listen on the socket ${path}: another program listens there`
      ])
      yield* Effect.async<void>((resume) => void first.close(() => resume(Effect.void)))
      yield* listening({ socket: { path: join(folder, "left"), mode: 0o600 } })
      Fs.writeFileSync(join(folder, "file"), "mine")
      const file = yield* Effect.flip(listening({ socket: { path: join(folder, "file"), mode: 0o600 } }))
      expect(file.message).toContain("there is a file of that name, which is no socket")
      expect(Fs.readFileSync(join(folder, "file"), "utf8")).toBe("mine")
      const nowhere = yield* Effect.flip(listening({ socket: { path: join(folder, "a/b"), mode: 0o600 } }))
      expect(nowhere.message).toContain("there is no such folder")
      const long = yield* Effect.flip(listening({ socket: { path: `/${"x".repeat(200)}`, mode: 0o600 } }))
      expect(long.message).toContain("more than 100 bytes")
    })
  )
})

describe("a proxy", () => {
  const client = Endpoint.make("203.0.113.7", 40_000)!
  const server = Endpoint.make("198.51.100.1", 443)!

  scoped("brings connections of others, whatever their headers' version and however they are cut", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const { local } = yield* listening({ isProxy: () => true }, acceptor)
      for (const [index, header] of [binaryOf(client, server), textOf(client, server)].entries()) {
        const { socket } = dialled({ port: local.port, host: "127.0.0.1" }, header.subarray(0, 7))
        socket.setNoDelay(true).write(concat([header.subarray(7), utf8("hel")]))
        socket.write("lo")
        const { connection, recorder } = yield* acceptor.nth(index)
        yield* recorder.received(5)
        expect([connection.remote, connection.local, recorder.text]).toEqual([client, server, "hello"])
        connection.destroy()
      }
    })
  )

  scoped("that looks whether we are well is itself, and one without a header is closed and told of", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const bad: Array<string> = []
      const signal = new Signal()
      const onBadProxy = ({ address }: Endpoint.Endpoint) => {
        bad.push(address)
        signal.notify()
      }
      const { local } = yield* listening({ isProxy: () => true, onBadProxy }, acceptor)
      const where = { port: local.port, host: "127.0.0.1" }
      dialled(where, binary(0x20, 0, new Uint8Array(0)))
      expect((yield* acceptor.nth(0)).connection.remote.address).toBe("127.0.0.1")
      yield* dialled(where, utf8('{"_tag":"Ping","id":1}\n')).ended
      yield* signal.until(() => bad.length > 0)
      expect(bad).toEqual(["127.0.0.1"])
    })
  )

  scoped("brings connections in TLS, with its header ahead of everything, in the same packet or before", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const { local } = yield* listening({ isProxy: () => true, tls: own }, acceptor)
      const header = binaryOf(client, server)
      for (const [index, waits] of [false, true].entries()) {
        const tcp = Net.connect({ port: local.port, host: "127.0.0.1", noDelay: true })
        const way = new Duplex({ read: () => {}, write: (chunk, _, done) => void tcp.write(chunk, () => done()) })
        tcp.on("data", (data) => way.push(data))
        if (waits) yield* Effect.promise(() => new Promise<void>((resolve) => tcp.write(header, () => resolve())))
        else {
          tcp.cork()
          tcp.write(header)
          setImmediate(() => tcp.uncork())
        }
        const tls = connectTls({ socket: way, rejectUnauthorized: false })
        tls.write("hello")
        const { connection, recorder } = yield* acceptor.nth(index)
        yield* recorder.received(5)
        expect([connection.remote, recorder.text]).toEqual([client, "hello"])
        connection.destroy()
        tcp.destroy()
      }
    })
  )

  scoped("of another machine brings nobody from this one: who is said to be of here is the proxy itself", () =>
    Effect.gen(function* () {
      const address = otherAddress()
      if (address === undefined) return
      const acceptor = new Acceptor()
      const { local } = yield* listening({ isProxy: () => true, host: address }, acceptor)
      const headers = [
        binaryOf(Endpoint.make("127.0.0.1", 40_000)!, server),
        textOf(Endpoint.make("::1", 40_000)!, Endpoint.make("::1", 1)!)
      ]
      for (const [index, header] of headers.entries()) {
        const { socket } = dialled({ port: local.port, host: address }, concat([header, utf8("hello")]))
        const { connection, recorder } = yield* acceptor.nth(index)
        yield* recorder.received(5)
        expect(connection.remote).toEqual(Endpoint.make(address, socket.localPort!))
        connection.destroy()
      }
    })
  )

  scoped("that is silent makes room for others, the one that has been so for longest first", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const { local } = yield* listening({ isProxy: () => true }, acceptor)
      const where = { port: local.port, host: "127.0.0.1" }
      const begun = textOf(client, server).subarray(0, 1)
      // What a header begins with has arrived when the connection has; so they come in order.
      const silent: Array<ReturnType<typeof dialled>> = []
      for (let at = 0; at < MOST + 1; at++) {
        const one = dialled(where, begun)
        yield* Effect.promise(() => new Promise((resolve) => one.socket.once("connect", resolve)))
        silent.push(one)
      }
      yield* silent[0]!.ended
      // The next one is not gone, and there is room for whoever says whose it is.
      silent[1]!.socket.write(textOf(client, server).subarray(1))
      expect((yield* acceptor.nth(0)).connection.remote).toEqual(client)
      dialled(where, textOf(client, server))
      yield* acceptor.nth(1)
      for (const { socket } of silent) socket.destroy()
    })
  )

  scoped("is nobody who is not one: what looks like a header is then the client's own", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const { local } = yield* listening({ isProxy: () => false }, acceptor)
      const header = textOf(client, server)
      dialled({ port: local.port, host: "127.0.0.1" }, header)
      const { connection, recorder } = yield* acceptor.nth(0)
      yield* recorder.received(header.length)
      expect([connection.remote.address, recorder.bytes]).toEqual(["127.0.0.1", header])
    })
  )
})

/** An address of this machine that is not a loopback address, if it has one. */
const otherAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === "IPv4" && !found.internal)?.address

/** Connections of proxies that may be without a header. */
const MOST = 1_024

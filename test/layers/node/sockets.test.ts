import { spawn } from "node:child_process"
import * as Dgram from "node:dgram"
import { once } from "node:events"
import { chmodSync, readFileSync } from "node:fs"
import * as Net from "node:net"
import { dirname, join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { describe, expect, it, vi } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { build } from "esbuild"
import * as NodeDatagrams from "../../../src/layers/node/Datagrams.js"
import { fromCause } from "../../../src/layers/node/DialErrors.js"
import * as NodeDialer from "../../../src/layers/node/Dialer.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { race } from "../../../src/layers/node/TcpRace.js"
import type { Connection } from "../../../src/services/Connection.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Listener } from "../../../src/services/Listener.js"
import { dial, fill, listen, ping } from "../conformance/Listener.js"
import { Acceptor, echo, Recorder, Signal, utf8 } from "../conformance/Recorder.js"
import { temporaryFolder } from "./TemporaryFolder.js"

/** What foreign programs and the system do to our sockets: things that our own two ends never do to each other. */
const services = Layer.mergeAll(NodeListener.layer, NodeDialer.layer, NodeDatagrams.layer)

const test = (
  title: string,
  body: () => Effect.Effect<void, unknown, Listener | Dialer | Datagrams | Scope.Scope>
): void => it.live(title, () => Effect.scoped(Effect.suspend(body)).pipe(Effect.provide(services)))

const linux: typeof test = process.platform === "linux" ? test : () => {}

describe("a datagram that the system has no room for", () => {
  test("is still read, and so are those before it until all have left", () =>
    Effect.gen(function* () {
      const service = yield* Datagrams
      const heard: Array<number> = []
      const all = yield* Deferred.make<void>()
      const onDatagram = (_: unknown, data: Uint8Array) => {
        heard.push(data[0]!)
        if (data[0] === 4) Deferred.unsafeDone(all, Effect.void)
      }
      const options = { family: "ipv4", address: "127.0.0.1", port: 0 } as const
      const receiver = yield* service.bind({ ...options, onDatagram })
      const sender = yield* service.bind({ ...options, onDatagram: () => {} })
      const queue = vi.spyOn(Dgram.Socket.prototype, "getSendQueueSize")
      yield* Effect.addFinalizer(() => Effect.sync(() => queue.mockRestore()))
      queue.mockReturnValue(100)
      expect(sender.send(receiver.local, Uint8Array.of(1))).toBe(false)
      expect(sender.send({ ...receiver.local, port: 0 }, Uint8Array.of(2))).toBe(false)
      queue.mockReturnValue(64 * 1024 * 1024)
      expect(sender.send(receiver.local, Uint8Array.of(3))).toBe(false)
      queue.mockReturnValue(0)
      expect(sender.send(receiver.local, Uint8Array.of(4))).toBe(true)
      yield* Deferred.await(all)
      // The third was lost: more waited than the queue may hold.
      expect(heard).toEqual([1, 4])
    }))
})

describe("a peer that ends its side after its last request, as netcat does", () => {
  test("gets the reply that was sent within onData", () =>
    Effect.gen(function* () {
      const port = yield* listen(echo().accept)
      expect(yield* requestAndEnd(port, "request")).toBe("request")
    }))

  test("gets the reply that takes its time", () =>
    Effect.gen(function* () {
      const ended = new Signal()
      const open: Array<Connection> = []
      const port = yield* listen((connection) => ({
        onData: () => {},
        onClose: () => {},
        onEnd: () => {
          open.push(connection)
          ended.notify()
        }
      }))
      const request = yield* Effect.fork(requestAndEnd(port, "request"))
      yield* ended.until(() => open.length > 0)
      expect(open[0]!.send(utf8("reply"))).toBe(true)
      open[0]!.end()
      expect(yield* request).toBe("reply")
    }))
})

describe("a listener", () => {
  test("tells a reset from an end", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const port = yield* listen(acceptor.accept)
      const peer = yield* rawDial(port)
      const { connection, recorder } = yield* acceptor.nth(0)
      peer.resetAndDestroy()
      expect(yield* recorder.closed).toBe("reset")
      expect(connection.send(utf8("late"))).toBe(false)
    }))

  test("sends all that is sent in one turn in one piece", () =>
    Effect.gen(function* () {
      const port = yield* listen((connection) => {
        for (let line = 0; line < 100; line++) connection.send(utf8("line\n"))
        return new Recorder()
      })
      const peer = yield* rawDial(port)
      const [first] = yield* Effect.promise(() => once(peer, "data"))
      expect((first as Buffer).length).toBe(500)
    }))

  test("closes for good a peer that never closes its side", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const port = yield* listen(acceptor.accept)
      const peer = yield* rawDial(port, { allowHalfOpen: true })
      const { connection, recorder } = yield* acceptor.nth(0)
      peer.resume()
      connection.end()
      expect(yield* recorder.closed).toBe("local")
    }))

  test("does not wait for its limit when the peer closes too, although it had stopped reading", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const port = yield* listen(acceptor.accept)
      const { connection: peer, recorder: farRecorder } = yield* dial(port)
      const { connection, recorder } = yield* acceptor.nth(0)
      connection.pause()
      peer.send(utf8("unread"))
      yield* frozenTimers
      connection.send(utf8("last words"))
      connection.end()
      expect(yield* recorder.closed).toBe("local")
      expect(yield* farRecorder.closed).toBe("ended")
      expect(farRecorder.text).toBe("last words")
    }))

  test("drains for half a second at most when its scope closes", () =>
    Effect.gen(function* () {
      const acceptor = new Acceptor()
      const scope = yield* Scope.make()
      const port = yield* Scope.extend(listen(acceptor.accept), scope)
      const { connection: stopped } = yield* dial(port)
      stopped.pause()
      const { connection, recorder } = yield* acceptor.nth(0)
      yield* fill(connection)
      yield* frozenTimers
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow()
      vi.advanceTimersByTime(500)
      yield* Fiber.join(closing)
      expect(recorder.closes).toEqual(["local"])
    }))

  test("closes its scope in spite of connections that nobody has looked at yet", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const acceptor = new Acceptor()
      const port = yield* Scope.extend(listen(acceptor.accept), scope)
      const peers = Array.from({ length: 20 }, () => Net.connect({ port, host: "127.0.0.1" }).on("error", () => {}))
      yield* Effect.addFinalizer(() => Effect.sync(() => peers.map((peer) => peer.destroy())))
      yield* Effect.promise(() => once(peers[0]!, "connect"))
      yield* Scope.close(scope, Exit.void)
      for (const { recorder } of acceptor.accepted) expect(recorder.closes).toHaveLength(1)
    }))

  it.live("leaves no handle behind, with dialers and datagrams", () =>
    // By itself, so that no other test's handles are counted.
    Effect.gen(function* () {
      const before = handles()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const port = yield* listen(echo().accept)
          yield* ping(port)
          yield* Effect.all([dial(port), dial(port), Effect.exit(dial(1))])
          const datagrams = yield* Datagrams
          yield* datagrams.bind({ family: "ipv4", port: 0, onDatagram: () => {} })
          expect(handles().length).toBeGreaterThan(before.length)
        })
      ).pipe(Effect.provide(services))
      // Handles are closed at the end of a turn of the event loop, and forgotten with the next one.
      yield* Effect.promise(() => setImmediate())
      yield* Effect.promise(() => setImmediate())
      // What others have left in this process may go meanwhile; nothing may have come.
      const counted = (names: ReadonlyArray<string>) => (name: string) => names.filter((each) => each === name).length
      const came = handles().filter((name) => counted(handles())(name) > counted(before)(name))
      expect(came).toEqual([])
    })
  )

  linux("survives running out of file descriptors, and says so", () =>
    Effect.gen(function* () {
      // In a process of its own, where they are few.
      const { port, process } = yield* started("ulimit -n 50; exec", yield* bundled("EchoServer.ts"))
      const told = once(process.stdout, "data")
      const outcomes = yield* Effect.promise(() => crowd(port, 200))
      expect(outcomes).toContain(true)
      expect(outcomes).toContain(false)
      const [trouble] = yield* Effect.promise(() => told)
      expect(String(trouble)).toContain("connections are lost: hardly a file is left")
      // The crowd's descriptors are free as soon as the server has noticed that it left: asked until it answers.
      yield* Effect.repeat(
        Effect.promise(() => crowd(port, 1)),
        { until: ([served]) => served === true }
      )
    })
  )
})

describe("a dialer", () => {
  linux("gives up on a peer that does not answer", () =>
    Effect.gen(function* () {
      const port = yield* child("exec", join(here, "DeafServer.mjs"))
      const dialer = yield* Dialer
      // The first ones still fit in its backlog.
      for (let filler = 0; filler < 4; filler++)
        Net.connect({ port, host: "127.0.0.1" })
          .on("error", () => {})
          .unref()
      yield* frozenTimers
      const attempt = yield* Effect.fork(
        Effect.flip(dialer.dial({ host: "127.0.0.1", port, timeoutMs: 300 }, () => new Recorder()))
      )
      yield* Effect.yieldNow()
      vi.advanceTimersByTime(300)
      expect(yield* attempt).toMatchObject({ reason: "TimedOut", message: `no answer from 127.0.0.1:${port}` })
    })
  )

  it("tells the most of several addresses that failed", () => {
    const failed = (...codes: ReadonlyArray<string>) =>
      fromCause(
        { host: "example.com", port: 1 },
        new AggregateError(codes.map((code) => Object.assign(new Error(code), { code })))
      ).reason
    expect(failed("ENETUNREACH", "ECONNREFUSED")).toBe("Refused")
    expect(failed("ENETUNREACH", "ETIMEDOUT")).toBe("TimedOut")
    expect(failed("EHOSTUNREACH", "ENETUNREACH")).toBe("Unreachable")
    expect(failed("EPERM")).toBe("Other")
  })

  it("writes addresses as they are typed, and names a network that this machine does not have", () => {
    const told = (host: string, code: string) =>
      fromCause({ host, port: 9 }, Object.assign(new Error(code), { code })).message
    expect(told("::1", "ECONNREFUSED")).toBe("nobody is listening at [::1]:9")
    expect(told("fe80::1%eth9", "EINVAL")).toBe(
      "there is no way to [fe80::1%eth9]:9: this machine has no network interface eth9"
    )
  })

  test("finds the address that works among those of a name", () =>
    Effect.gen(function* () {
      // `localhost` may mean ::1 first, where nobody listens.
      const server = Net.createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.async<void>((resume) => void server.close(() => resume(Effect.void))))
      yield* Effect.promise(() => once(server, "listening"))
      const { connection } = yield* dial((server.address() as Net.AddressInfo).port, new Recorder(), "localhost")
      expect(connection.remote.address).toBe("127.0.0.1")
      connection.destroy()
    }))
})

describe("a race of connections", () => {
  linux("lets a slow try go on while the next address is tried, and fails", () =>
    Effect.gen(function* () {
      // Deaf until it is woken up, when the others have failed: the system tries again by itself.
      const { port, process } = yield* started("exec", join(here, "DeafServer.mjs"))
      const isStopped = Effect.sync(() => / T /.test(readFileSync(`/proc/${process.pid}/stat`, "latin1")))
      yield* Effect.repeat(
        Effect.zipRight(
          Effect.promise(() => setImmediate()),
          isStopped
        ),
        { until: (yes) => yes }
      )
      for (let filler = 0; filler < 4; filler++)
        Net.connect({ port, host: "127.0.0.1" })
          .on("error", () => {})
          .unref()
      const lookUp = (_host: string, found: (cause: null, addresses: ReadonlyArray<string>) => void) => {
        found(null, ["127.0.0.1", "127.0.0.9"])
        void setImmediate().then(() => process.kill("SIGCONT"))
      }
      const socket = yield* Effect.async<Net.Socket, unknown>((resume) => {
        const won = (socket: Net.Socket) => resume(Effect.succeed(socket))
        const cancel = race(
          { host: "server.example", port },
          20_000,
          won,
          (cause) => resume(Effect.fail(cause)),
          lookUp
        )
        return Effect.sync(cancel)
      })
      expect(socket.remoteAddress).toBe("127.0.0.1")
      socket.destroy()
    })
  )
})

/** From here on to the end of the test no `setTimeout` of ours rings by itself. */
const frozenTimers = Effect.acquireRelease(
  Effect.sync(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })),
  () => Effect.sync(() => vi.useRealTimers())
)

const handles = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((name) => /TCP|UDP|Timeout|Connect/.test(name))

const rawDial = (port: number, options: Partial<Net.TcpNetConnectOpts> = {}) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const socket = Net.connect({ port, host: "127.0.0.1", ...options })
      socket.on("error", () => {})
      await once(socket, "connect")
      return socket
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Sends a request and the end of its side at once, like `echo request | nc host port`, and reads all there is. */
const requestAndEnd = (port: number, request: string) =>
  Effect.promise(async () => {
    const socket = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    socket.end(request)
    let reply = ""
    for await (const data of socket) reply += data
    return reply
  })

const here = dirname(fileURLToPath(import.meta.url))

/** Runs a program that prints the port it listens on, for as long as the scope lives. */
const child = (shell: string, program: string) => Effect.map(started(shell, program), ({ port }) => port)

const started = (shell: string, program: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn("sh", ["-c", `${shell} "$0" "$1"`, process.execPath, program], { stdio: ["ignore", "pipe", "inherit"] })
    ),
    (process) =>
      Effect.promise(() => {
        process.kill("SIGKILL")
        return once(process, "exit")
      })
  ).pipe(
    Effect.flatMap((process) =>
      Effect.map(
        Effect.promise(() => once(process.stdout, "data")),
        ([line]) => ({ port: Number(String(line)), process })
      )
    )
  )

/** A TypeScript file of this folder as a program that Node can run. */
const bundled = (name: string) =>
  Effect.flatMap(temporaryFolder, (folder) =>
    Effect.promise(async () => {
      const outfile = join(folder, "program.mjs")
      await build({ entryPoints: [join(here, name)], outfile, bundle: true, platform: "node", format: "esm" })
      return outfile
    })
  )

/** How each of `count` connections fares that are held open until all are decided: served or turned away. */
const crowd = async (port: number, count: number): Promise<ReadonlyArray<boolean>> => {
  const sockets = Array.from({ length: count }, () => Net.connect({ port, host: "127.0.0.1" }))
  const outcomes = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket.on("error", () => {})
          socket.once("data", () => resolve(true))
          socket.once("close", () => resolve(false))
          socket.write("hello")
        })
    )
  )
  for (const socket of sockets) socket.destroy()
  return outcomes
}

describe("a socket that nobody else may connect to", () => {
  linux("is not where others could put theirs", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { listen } = yield* Listener
      const at = (mode: number) => listen({ port: 0, socket: { path: join(folder, `${mode}`), mode } }, echo().accept)
      chmodSync(folder, 0o777)
      const refused = yield* Effect.flip(at(0o600))
      expect(refused.message).toContain(`type chmod go-w ${folder}`)
      yield* at(0o660)
      chmodSync(folder, 0o1777)
      yield* at(0o600)
    })
  )
})

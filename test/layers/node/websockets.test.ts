import * as Http from "node:http"
import * as Net from "node:net"
import * as NodeTls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NodeDialer from "../../../src/layers/node/Dialer.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Listener, type ListenOptions } from "../../../src/services/Listener.js"
import { own } from "../../support/Certificates.js"
import { Acceptor, pattern, Recorder, Signal } from "../conformance/Recorder.js"
import { live } from "../conformance/Suite.js"

/** What only WebSockets have; that they are connections like others is tried in `net.test.ts`. */
const { run } = live(Layer.merge(NodeListener.layer, NodeDialer.layer))

const listening = (options: Partial<ListenOptions>, acceptor = new Acceptor()) =>
  Effect.flatMap(Listener, ({ listen }) => listen({ port: 0, host: "127.0.0.1", ...options }, acceptor.accept))

/** What a request by hand is answered with: its status, and what follows, to the end of the connection. */
const asked = (port: number, lines: ReadonlyArray<string>) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        let heard = ""
        const socket = Net.connect({ port, host: "127.0.0.1" }, () => socket.write(`${lines.join("\r\n")}\r\n\r\n`))
        socket.on("data", (data) => {
          heard += data.toString("latin1")
          // A link stays open.
          if (heard.includes(" 101 ")) socket.destroy()
        })
        socket.on("error", () => {}).on("close", () => resolve(heard))
      })
  )

const UPGRADE = [
  "GET /anything HTTP/1.1",
  "Host: chat.example.org",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
]
/** One that a client masks, with zeros. */
const frame = (opcode: number, text: string, isLast = true): string =>
  String.fromCharCode((isLast ? 0x80 : 0) | opcode, 0x80 | text.length, 0, 0, 0, 0) + text

/** Asks for a link and says all this at once. */
const linked = (port: number, frames: string): Net.Socket => {
  const socket = Net.connect({ port, host: "127.0.0.1" })
  socket.on("error", () => {}).resume()
  socket.once("connect", () => {
    socket.write(`${[...UPGRADE, OFFER].join("\r\n")}\r\n\r\n`)
    socket.write(frames, "latin1")
  })
  return socket
}

const OFFER = "Sec-WebSocket-Protocol: parley-tls, parley"

describe("a port with TLS", () => {
  it("takes bare links and WebSockets, and both know what TLS has in common", () =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor((connection, data) => connection.send(data))
        const { local } = yield* listening({ tls: own }, acceptor)
        const { dial } = yield* Dialer
        for (const [at, isWeb] of [false, true, true].entries()) {
          const recorder = new Recorder()
          const options = { host: "127.0.0.1", port: local.port, tls: {}, isWeb }
          const connection = yield* dial(options, () => recorder)
          connection.send(pattern(40_000))
          yield* recorder.received(40_000)
          expect(recorder.bytes).toEqual(pattern(40_000))
          const { connection: accepted } = yield* acceptor.nth(at)
          expect(connection.tls?.exporter()).toHaveLength(32)
          expect(accepted.tls?.exporter()).toEqual(connection.tls?.exporter())
        }
      })
    ))

  it("for WebSockets alone takes them of whoever says nothing of HTTP in TLS", () =>
    run(
      Effect.gen(function* () {
        const { local } = yield* listening({ tls: own, isWeb: true })
        const answer = yield* Effect.promise(
          () =>
            new Promise<string>((resolve) => {
              const socket = NodeTls.connect({ port: local.port, host: "127.0.0.1", rejectUnauthorized: false }, () =>
                socket.write(`${[...UPGRADE, OFFER].join("\r\n")}\r\n\r\n`)
              )
              socket.once("data", (data) => {
                resolve(data.toString("latin1"))
                socket.destroy()
              })
            })
        )
        expect(answer).toContain("HTTP/1.1 101 ")
        expect(answer).toContain("Sec-WebSocket-Protocol: parley-tls")
      })
    ))
})

describe("a port without TLS", () => {
  it("picks the subprotocol that tells so, and takes any path", () =>
    run(
      Effect.gen(function* () {
        const { local } = yield* listening({ isWeb: true })
        const answer = yield* asked(local.port, [...UPGRADE, OFFER])
        expect(answer).toContain("Sec-WebSocket-Protocol: parley\r\n")
        // RFC 6455 §1.3.
        expect(answer).toContain("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
      })
    ))

  it.each([
    ["who asks for a page", ["GET / HTTP/1.1", "Host: a"], "426"],
    ["who offers no parley", UPGRADE, "403"],
    ["a page of the web", [...UPGRADE, OFFER, "Origin: https://example.org"], "403"],
    ["who has too many headers", [...UPGRADE, OFFER, `X-Long: ${"x".repeat(9_000)}`], ""],
    ["who speaks no HTTP", ["hello"], ""]
  ])("turns away %s", (_, lines, status) =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening({ isWeb: true }, acceptor)
        expect((yield* asked(local.port, lines)).slice(9, 12)).toBe(status)
        yield* (yield* acceptor.nth(0)).recorder.closed
        expect(acceptor.accepted[0]?.recorder.length).toBe(0)
      })
    )
  )

  it("ends a link with a message of more than 64 KiB", () =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening({ isWeb: true }, acceptor)
        const link = new WebSocket(`ws://127.0.0.1:${local.port}/`, ["parley"], {
          maxPayload: 1,
          perMessageDeflate: false,
          handshakeTimeout: 5_000,
          createConnection: () => Net.connect({ port: local.port, host: "127.0.0.1" })
        })
        link.on("error", () => {})
        link.once("open", () => link.send(pattern(65_537), () => {}))
        const { recorder } = yield* acceptor.nth(0)
        expect(yield* recorder.closed).toBe("reset")
        expect(recorder.length).toBe(0)
      })
    ))

  it.each([
    ["empty messages", frame(2, "").repeat(100)],
    ["pings", frame(9, "x").repeat(100)],
    ["pongs that nobody asked for", frame(10, "").repeat(100)],
    ["a message in many pieces", frame(2, "x", false) + frame(0, "x", false).repeat(20)]
  ])("ends a link that makes work without saying anything: %s", (_, frames) =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening({ isWeb: true }, acceptor)
        const socket = linked(local.port, frames)
        const { recorder } = yield* acceptor.nth(0)
        yield* recorder.closed
        expect(recorder.length).toBe(0)
        socket.destroy()
      })
    )
  )

  it("takes pings and empty messages as long as something is said", () =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening({ isWeb: true }, acceptor)
        const socket = linked(local.port, (frame(9, "") + frame(2, "some bytes")).repeat(200))
        const { recorder } = yield* acceptor.nth(0)
        yield* recorder.received(2_000)
        socket.destroy()
      })
    ))

  it("takes one message in a turn of the event loop, however many there are in one read", () =>
    run(
      Effect.gen(function* () {
        let turns = 0
        const goRound = () => {
          turns++
          ticking = setImmediate(goRound)
        }
        let ticking: NodeJS.Immediate | undefined
        const acceptor = new Acceptor(() => {
          ticking ??= setImmediate(goRound)
        })
        const { local } = yield* listening({ isWeb: true }, acceptor)
        const socket = linked(local.port, frame(2, "x").repeat(1_000))
        yield* (yield* acceptor.nth(0)).recorder.received(1_000)
        clearImmediate(ticking)
        expect(turns).toBeGreaterThan(500)
        socket.destroy()
      })
    ))

  it.each([
    ["of whom it says", "198.51.100.7", "198.51.100.7"],
    ["of the last whom none of ours has heard", "203.0.113.9, 198.51.100.7, 127.0.0.1", "198.51.100.7"],
    ["of an address with a port", "[2001:db8::5]:4711", "2001:db8::5"]
  ])("believes a proxy that a link is one %s", (_, header, address) =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const isProxy = (remote: Endpoint.Endpoint | undefined) => remote?.address === "127.0.0.1"
        const { local } = yield* listening({ isWeb: true, isProxy }, acceptor)
        expect(yield* asked(local.port, [...UPGRADE, OFFER, `X-Forwarded-For: ${header}`])).toContain(" 101 ")
        expect((yield* acceptor.nth(0)).connection.remote).toEqual(Endpoint.make(address, 0))
      })
    )
  )

  it("refuses a proxy that does not say whose its link is, and lets it ask whether we are well", () =>
    run(
      Effect.gen(function* () {
        const bad: Array<string> = []
        const signal = new Signal()
        const acceptor = new Acceptor()
        const { local } = yield* listening(
          {
            isWeb: true,
            isProxy: () => true,
            onBadProxy: ({ address }) => {
              bad.push(address)
              signal.notify()
            }
          },
          acceptor
        )
        expect((yield* asked(local.port, ["GET /health HTTP/1.1", "Host: a"])).slice(9, 12)).toBe("426")
        expect(bad).toEqual([])
        expect((yield* asked(local.port, [...UPGRADE, OFFER, "X-Forwarded-For: hello"])).slice(9, 12)).toBe("400")
        yield* signal.until(() => bad.length > 0)
        expect(bad).toEqual(["127.0.0.1"])
        expect(acceptor.accepted).toEqual([])
      })
    ))

  it("does not believe a stranger", () =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening({ isWeb: true, isProxy: () => false }, acceptor)
        yield* asked(local.port, [...UPGRADE, OFFER, "X-Forwarded-For: 198.51.100.7"])
        expect((yield* acceptor.nth(0)).connection.remote.address).toBe("127.0.0.1")
      })
    ))
})

it("a web server that knows nothing of parley is told as what it is", () =>
  run(
    Effect.gen(function* () {
      const server = Http.createServer((_, response) => response.writeHead(404).end("no"))
      const port = yield* Effect.promise(
        () =>
          new Promise<number>((resolve) =>
            server.listen(0, "127.0.0.1", () => resolve((server.address() as Net.AddressInfo).port))
          )
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
      const { dial } = yield* Dialer
      const error = yield* Effect.flip(dial({ host: "127.0.0.1", port, isWeb: true }, () => new Recorder()))
      expect([error.reason, error.message]).toEqual([
        "NoWeb",
        `127.0.0.1:${port} answered 404 to the request for a WebSocket`
      ])
    })
  ))

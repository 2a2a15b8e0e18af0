import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { Duplex, PassThrough } from "node:stream"
import * as NodeTls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as NodeDialer from "../../../src/layers/node/Dialer.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { helloEnd } from "../../../src/layers/node/TlsRecords.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Listener, type TlsCredentials } from "../../../src/services/Listener.js"
import { astray, authority, OWN_KEY, own, signed } from "../../support/Certificates.js"
import { Acceptor, Recorder, utf8 } from "../conformance/Recorder.js"
import { live } from "../conformance/Suite.js"

const { run } = live(Layer.merge(NodeListener.layer, NodeDialer.layer))

const listening = (tls: TlsCredentials, acceptor = new Acceptor()) =>
  Effect.flatMap(Listener, ({ listen }) => listen({ port: 0, host: "127.0.0.1", tls }, acceptor.accept))

/** What the listener with these credentials shows to whoever dials this host. */
const seen = (tls: TlsCredentials, host: string, authorities?: string) =>
  Effect.gen(function* () {
    const { local } = yield* listening(tls)
    const { dial } = yield* Dialer
    const options = { host, port: local.port, tls: authorities === undefined ? {} : { authorities } }
    return (yield* dial(options, () => new Recorder())).tls!.certificate!
  })

describe("a connection that is destroyed in the turn in which something was sent", () => {
  it.each([
    ["in TLS, by its server", { tls: own }, { tls: {} }, "server"],
    ["in TLS, by its client", { tls: own }, { tls: {} }, "client"],
    ["in the clear, by its server", {}, {}, "server"],
    ["in the clear, by its client", {}, {}, "client"]
  ] as const)("is closed, and so is the other side: %s", (_, kind, how, by) =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* (yield* Listener).listen({ port: 0, host: "127.0.0.1", ...kind }, acceptor.accept)
        const recorder = new Recorder()
        const connection = yield* (yield* Dialer).dial({ host: "127.0.0.1", port: local.port, ...how }, () => recorder)
        connection.send(utf8("hello"))
        const far = yield* acceptor.nth(0)
        const [near, other] = by === "client" ? [{ connection, recorder }, far] : [far, { connection, recorder }]
        near.connection.send(utf8("never sent"))
        near.connection.destroy()
        expect(yield* near.recorder.closed).toBe("local")
        yield* other.recorder.closed
      })
    )
  )
})

describe("a certificate", () => {
  it("has the key that openssl finds in it", () =>
    run(
      Effect.gen(function* () {
        const { tls } = yield* listening(own)
        expect(tls!.shown()).toEqual({ key: OWN_KEY, expires: expect.any(Number) })
        expect(tls!.shown().expires).toBeGreaterThan(Date.UTC(2100, 0))
        expect((yield* seen(own, "127.0.0.1")).key).toBe(OWN_KEY)
      })
    ))

  it.each([
    ["of an authority that is named", signed, "127.0.0.1", authority, undefined],
    ["of an authority that is named, by name", signed, "localhost", authority, undefined],
    [
      "of an authority that nobody named",
      signed,
      "127.0.0.1",
      undefined,
      "an authority that this machine does not know"
    ],
    ["of that authority, for another name", astray, "127.0.0.1", authority, "for another name"],
    ["signed by itself, beside an authority", own, "127.0.0.1", authority, "signed by itself"]
  ])("%s", (_, credentials, host, authorities, problem) =>
    run(
      Effect.gen(function* () {
        const certificate = yield* seen(credentials, host, authorities)
        if (problem === undefined) expect(certificate.problem).toBeUndefined()
        else expect(certificate.problem).toContain(problem)
      })
    )
  )

  it.each([
    ["no PEM", { certificate: "hello", privateKey: own.privateKey }, "they are not PEM"],
    ["no PEM as the key", { ...own, privateKey: "hello" }, "they"],
    ["two that do not belong together", { ...own, privateKey: signed.privateKey }, "they do not belong together"],
    ["an encrypted key", { ...own, privateKey: encryptedKey() }, "the key is encrypted"]
  ])("is refused with %s, at the start and later", (_, credentials, message) =>
    run(
      Effect.gen(function* () {
        const atStart = yield* Effect.flip(listening(credentials))
        expect(atStart).toMatchObject({ reason: "BadCredentials" })
        expect(atStart.message).toContain(message)
        const { local, tls } = yield* listening(own)
        expect((yield* Effect.flip(tls!.renew(credentials))).message).toBe(atStart.message)
        const { dial } = yield* Dialer
        const options = { host: "127.0.0.1", port: local.port, tls: {} }
        const connection = yield* dial(options, () => new Recorder())
        expect(connection.tls!.certificate!.key).toBe(OWN_KEY)
      })
    )
  )
})

describe("a TLS client of somebody else", () => {
  it("of version 1.2 is refused, and 1.3 gets the exporter of RFC 9266", () =>
    run(
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening(own, acceptor)
        const options = { host: "127.0.0.1", port: local.port, rejectUnauthorized: false }
        const old = NodeTls.connect({ ...options, maxVersion: "TLSv1.2" })
        const outcome = once(old, "secureConnect").then(
          () => "secure",
          () => "refused"
        )
        expect(yield* Effect.promise(() => outcome)).toBe("refused")
        const modern = NodeTls.connect(options)
        yield* Effect.promise(() => once(modern, "secureConnect"))
        modern.write("x")
        const accepted = yield* acceptor.nth(1)
        yield* accepted.recorder.received(1)
        const exporter = modern.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))
        expect(accepted.connection.tls?.exporter()).toEqual(new Uint8Array(exporter))
        accepted.connection.send(utf8("y"))
        const [data] = yield* Effect.promise(() => once(modern, "data"))
        expect(String(data)).toBe("y")
        modern.destroy()
        yield* accepted.recorder.closed
      })
    ))
})

describe("a key exchange", () => {
  it.each([
    ["X25519", "X25519", true],
    ["P-256", "P-256", true],
    ["a group that the listener does not have, and asks for another one of", "P-384:P-256", true],
    ["a group that would cost the listener a tenth of a second", "ffdhe8192", false],
    ["a group that would cost it several ms", "P-521", false]
  ])("with %s", (_, ecdhCurve, isTaken) =>
    run(
      Effect.gen(function* () {
        const { local } = yield* listening(own)
        const options = { host: "127.0.0.1", port: local.port, rejectUnauthorized: false, ecdhCurve }
        const client = NodeTls.connect(options)
        const outcome = once(client, "secureConnect").then(
          () => true,
          () => false
        )
        expect(yield* Effect.promise(() => outcome)).toBe(isTaken)
        client.destroy()
      })
    )
  )
})

function encryptedKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }) as string
}

describe("a ClientHello", () => {
  /** In one record, as clients send it. */
  const recorded = async (): Promise<Buffer> => {
    const written = new PassThrough()
    const nowhere = Duplex.from({ readable: new PassThrough(), writable: written })
    const socket = NodeTls.connect({ socket: nowhere, rejectUnauthorized: false })
    socket.on("error", () => {})
    const [hello] = (await once(written, "data")) as [Buffer]
    socket.destroy()
    return hello
  }

  it("is whole with its last byte, in however many records", async () => {
    const hello = await recorded()
    const message = hello.subarray(5)
    const pieces = [4, 5, 100, message.length].map((at, index, ends) => message.subarray(ends[index - 1] ?? 0, at))
    const inPieces = Buffer.concat(
      pieces.flatMap((piece) => [Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece])
    )
    for (const bytes of [hello, inPieces]) {
      for (let length = 0; length < bytes.length; length++) expect(helloEnd(bytes.subarray(0, length))).toBeUndefined()
      expect(helloEnd(bytes)).toBe(bytes.length)
      expect(helloEnd(Buffer.concat([bytes, bytes]))).toBe(bytes.length)
    }
  })

  it("is not waited for where it can be none: TLS says what is wrong", () => {
    for (const text of ["{", '{"_tag":"Ping"}\n', "GET / HTTP/1.1\r\n"])
      expect(helloEnd(Buffer.from(text)), text).toBe(text.length)
    // A record that would never end, and a message that would never.
    expect(helloEnd(Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), Buffer.alloc(20_000)]))).toBe(20_005)
    const endless = Buffer.concat(Array.from({ length: 4_000 }, () => Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255])))
    expect(helloEnd(endless)).toBe(endless.length)
  })
})

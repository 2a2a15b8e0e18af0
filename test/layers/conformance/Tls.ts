import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Dialer, type DialTls } from "../../../src/services/Dialer.js"
import { Listener, type TlsCredentials } from "../../../src/services/Listener.js"
import { other, own } from "../../support/Certificates.js"
import { Acceptor, echo, Recorder, utf8 } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/** What `Dialer` and `Listener` promise of encrypted connections. */
export const suite = (name: string, { run }: Subject<Listener | Dialer>): void => {
  const test = (title: string, body: () => Effect.Effect<void, unknown, Services>) =>
    it(title, () => run(Effect.suspend(body)))

  describe(`TLS on ${name}`, () => {
    test("shows the key of the listener, and gives both ends what no other connection has", () =>
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local, tls } = yield* listening(own, acceptor)
        const connections = [yield* dialing(local.port), yield* dialing(local.port)]
        for (const [i, { connection, recorder }] of connections.entries()) {
          expect(connection.tls?.certificate?.key).toBe(tls?.shown().key)
          expect(connection.tls?.certificate?.problem).toBe("its certificate is signed by itself")
          const accepted = yield* acceptor.nth(i)
          connection.send(utf8("x"))
          yield* accepted.recorder.received(1)
          accepted.connection.send(utf8("y"))
          yield* recorder.received(1)
          expect(connection.tls?.exporter()).toHaveLength(32)
          expect(accepted.connection.tls?.exporter()).toEqual(connection.tls?.exporter())
          expect(accepted.connection.tls?.certificate).toBeUndefined()
        }
        const [first, second] = connections
        expect(first?.connection.tls?.exporter()).not.toEqual(second?.connection.tls?.exporter())
      }))

    test("shows new credentials to new connections, and keeps the others", () =>
      Effect.gen(function* () {
        const { local, tls } = yield* listening(own, echo())
        const before = yield* dialing(local.port)
        const was = tls!.shown().key
        yield* tls!.renew(other)
        const after = yield* dialing(local.port)
        expect(before.connection.tls?.certificate?.key).toBe(was)
        expect(after.connection.tls?.certificate?.key).toBe(tls!.shown().key)
        expect(tls!.shown().key).not.toBe(was)
        before.connection.send(utf8("still here"))
        yield* before.recorder.received(10)
      }))

    test("tells a listener that speaks plainly from one that is not there", () =>
      Effect.gen(function* () {
        const { local } = yield* listening(undefined, {
          accept: (connection) => {
            connection.send(utf8('{"_tag":"Welcome"}\n'))
            return new Recorder()
          }
        })
        const failed = yield* Effect.flip(dialing(local.port))
        expect(failed).toMatchObject({ reason: "NoTls", message: `127.0.0.1:${local.port} does not speak TLS` })
      }))

    test("ends whoever speaks plainly, with not a byte to its handler", () =>
      Effect.gen(function* () {
        const acceptor = new Acceptor()
        const { local } = yield* listening(own, acceptor)
        const { connection, recorder } = yield* dialing(local.port, "plain")
        connection.send(utf8('{"_tag":"Register","id":1,"nick":"alice"}\n'))
        const accepted = yield* acceptor.nth(0)
        yield* accepted.recorder.closed
        yield* recorder.closed
        expect(accepted.recorder.length).toBe(0)
        expect(accepted.connection.tls?.exporter()).toBeUndefined()
        expect(connection.tls).toBeUndefined()
      }))
  })
}

type Services = Listener | Dialer | Scope.Scope

const listening = (tls: TlsCredentials | undefined, { accept }: Pick<Acceptor, "accept">) =>
  Effect.flatMap(Listener, ({ listen }) =>
    listen({ port: 0, host: "127.0.0.1", ...(tls === undefined ? {} : { tls }) }, accept)
  )

const dialing = (port: number, tls: DialTls | "plain" = {}) =>
  Effect.gen(function* () {
    const recorder = new Recorder()
    const { dial } = yield* Dialer
    const connection = yield* dial({ host: "127.0.0.1", port, ...(tls === "plain" ? {} : { tls }) }, () => recorder)
    return { connection, recorder }
  })

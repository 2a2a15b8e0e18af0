import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Connection, ConnectionHandler } from "../../../src/services/Connection.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Listener } from "../../../src/services/Listener.js"
import { Acceptor, echo, pattern, Recorder, utf8 } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/** Every guarantee of `Listener`, dialed from the same host over its loopback addresses. */
export const suite = (name: string, { run }: Subject<Listener | Dialer>): void => {
  describe(`Listener on ${name}`, () => {
    it("accepts over both families when no host is given, and shows IPv4 peers as IPv4", () =>
      run(
        Effect.gen(function* () {
          const acceptor = new Acceptor()
          const port = yield* listen(acceptor.accept)
          for (const [index, host] of ["127.0.0.1", "::1"].entries()) {
            const { connection } = yield* dial(port, new Recorder(), host)
            const accepted = (yield* acceptor.nth(index)).connection
            expect(accepted.remote).toEqual(connection.local)
            expect(accepted.local).toEqual(connection.remote)
            expect(accepted.local).toMatchObject({ address: host, port })
          }
        })
      ))

    it("listens on one address when a host is given", () =>
      run(
        Effect.gen(function* () {
          const listener = yield* Listener
          const { local } = yield* listener.listen({ host: "127.0.0.1", port: 0 }, echo().accept)
          expect(local).toMatchObject({ family: "ipv4", address: "127.0.0.1" })
          yield* ping(local.port)
          expect((yield* Effect.flip(dial(local.port, new Recorder(), "::1"))).reason).toBe("Refused")
        })
      ))

    it("lets the server speak first", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen((connection) => {
            expect(connection.send(utf8("welcome\n"))).toBe(true)
            return new Recorder()
          })
          const { recorder } = yield* dial(port)
          yield* recorder.received(8)
          expect(recorder.text).toBe("welcome\n")
        })
      ))

    it("closes at once what is not accepted", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen(() => undefined)
          const { connection, recorder } = yield* dial(port)
          expect(["ended", "reset"]).toContain(yield* recorder.closed)
          expect(connection.send(utf8("x"))).toBe(false)
        })
      ))

    it("serves on after handlers that end or destroy within a callback", () =>
      run(
        Effect.gen(function* () {
          const seen: Array<string> = []
          const port = yield* listen((connection) => {
            const act = (data: Uint8Array) => {
              const word = new TextDecoder().decode(data)
              seen.push(word)
              if (word === "end") connection.end()
              else if (word === "destroy") connection.destroy()
              else connection.send(data)
            }
            return { onData: act, onClose: (reason) => seen.push(reason) }
          })
          for (const word of ["end", "destroy"]) {
            const { connection, recorder } = yield* dial(port)
            connection.send(utf8(word))
            yield* recorder.closed
          }
          const { connection, recorder } = yield* dial(port)
          connection.send(utf8("still here"))
          yield* recorder.received(10)
          expect(seen).toEqual(["end", "local", "destroy", "local", "still here"])
        })
      ))

    it("serves a burst of 500 connections", () =>
      run(
        Effect.gen(function* () {
          const acceptor = echo()
          const port = yield* listen(acceptor.accept)
          yield* Effect.forEach(
            Array.from({ length: 500 }, (_, index) => utf8(`number ${index}`)),
            (line) =>
              Effect.gen(function* () {
                const { connection, recorder } = yield* dial(port)
                connection.send(line)
                yield* recorder.received(line.length)
                expect(recorder.bytes).toEqual(line)
                connection.end()
                yield* recorder.closed
              }),
            { concurrency: "unbounded", discard: true }
          )
          expect(acceptor.accepted).toHaveLength(500)
          for (const { recorder } of acceptor.accepted) {
            expect(yield* recorder.closed).toBe("ended")
            expect(recorder.violations).toEqual([])
          }
        })
      ))

    it("closes with its scope: what is queued arrives, every onClose is called, the port is free", () =>
      run(
        Effect.gen(function* () {
          const acceptor = new Acceptor()
          const scope = yield* Scope.make()
          const port = yield* Scope.extend(listen(acceptor.accept), scope)
          const clients = yield* Effect.all([dial(port), dial(port), dial(port)])
          yield* acceptor.nth(2)
          for (const { connection } of acceptor.accepted) expect(connection.send(pattern(50_000))).toBe(true)
          yield* Scope.close(scope, Exit.void)
          for (const { connection, recorder } of acceptor.accepted) {
            expect(recorder.closes).toEqual(["local"])
            expect(connection.send(utf8("late"))).toBe(false)
          }
          for (const { recorder } of clients) {
            expect(yield* recorder.closed).toBe("ended")
            expect(recorder.bytes).toEqual(pattern(50_000))
          }
          expect((yield* Effect.flip(dial(port))).reason).toBe("Refused")
          const again = yield* listen(echo().accept, port)
          yield* ping(again)
        })
      ))

    it("closes with its scope although a reader has stopped", () =>
      run(
        Effect.gen(function* () {
          const acceptor = new Acceptor()
          const scope = yield* Scope.make()
          const port = yield* Scope.extend(listen(acceptor.accept), scope)
          const { connection: stopped } = yield* dial(port)
          stopped.pause()
          const { connection, recorder } = yield* acceptor.nth(0)
          yield* fill(connection)
          yield* Scope.close(scope, Exit.void)
          expect(recorder.closes).toEqual(["local"])
        })
      ))

    it("explains what it cannot listen on", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen(() => undefined)
          const listener = yield* Listener
          const errorOf = (options: { readonly port: number; readonly host?: string }) =>
            Effect.flip(Effect.scoped(listener.listen(options, () => undefined)))
          const taken = yield* errorOf({ port })
          expect(taken.reason).toBe("AddressInUse")
          expect(taken.message).toContain(`port ${port} is already in use`)
          expect((yield* errorOf({ port: 0, host: "203.0.113.99" })).reason).toBe("AddressNotAvailable")
          const unknown = yield* errorOf({ port: 0, host: "nobody.invalid" })
          expect(unknown.reason).toBe("HostNotFound")
          expect(unknown.message).toContain("nobody.invalid")
          expect((yield* errorOf({ port: 70_000 })).reason).toBe("Other")
        })
      ))
  })
}

export const listen = (accept: (connection: Connection) => ConnectionHandler | undefined, port = 0) =>
  Effect.flatMap(Listener, (listener) => Effect.map(listener.listen({ port }, accept), ({ local }) => local.port))

export const dial = (port: number, recorder = new Recorder(), host = "127.0.0.1") =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    const connection = yield* dialer.dial({ host, port }, () => recorder)
    return { connection, recorder }
  })

/** Sends to a reader that has stopped until no byte more is accepted, turn after turn. Returns how many were. */
export const fill = (connection: Connection): Effect.Effect<number> =>
  Effect.gen(function* () {
    const piece = pattern(16_384)
    let accepted = 0
    for (let refusals = 0; refusals < 50; refusals++) {
      while (connection.send(piece)) {
        accepted += piece.length
        refusals = 0
        if (accepted > 256 * 1024 * 1024) throw new Error("send never refused")
      }
      yield* turn
    }
    return accepted
  })

/** Lets the system run for a moment: whatever waits for a free moment happens. */
const turn = Effect.sleep(1)

/**
 * A round trip over a connection of its own. By its end all callbacks that were due at its beginning have been called.
 */
export const ping = (port: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { connection, recorder } = yield* dial(port)
      connection.send(utf8("ping"))
      yield* recorder.received(4)
      expect(recorder.text).toBe("ping")
    })
  )

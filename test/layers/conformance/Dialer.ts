import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Dialer, type DialOptions } from "../../../src/services/Dialer.js"
import type { Listener } from "../../../src/services/Listener.js"
import { dial, listen, ping } from "./Listener.js"
import { Acceptor, echo, Recorder, utf8 } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/** Every guarantee of `Dialer`, towards listeners on the same host. */
export const suite = (name: string, { run }: Subject<Listener | Dialer>): void => {
  describe(`Dialer on ${name}`, () => {
    it("dials IP literals of both families and host names", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen(echo().accept)
          for (const host of ["127.0.0.1", "::1", "localhost"]) {
            const { connection, recorder } = yield* dial(port, new Recorder(), host)
            connection.send(utf8("hello"))
            yield* recorder.received(5)
            expect(recorder.text).toBe("hello")
          }
        })
      ))

    it("asks for the handler once, before the first byte", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen((connection) => {
            connection.send(utf8("welcome"))
            return new Recorder()
          })
          const recorder = new Recorder()
          let asked = 0
          const dialer = yield* Dialer
          const connection = yield* dialer.dial({ host: "127.0.0.1", port }, (early) => {
            asked++
            expect(early.send(utf8("x"))).toBe(true)
            return recorder
          })
          yield* recorder.received(7)
          expect(asked).toBe(1)
          expect(recorder.text).toBe("welcome")
          expect(connection.remote).toMatchObject({ address: "127.0.0.1", port })
        })
      ))

    it("destroys the connection with its scope, after onClose", () =>
      run(
        Effect.gen(function* () {
          const acceptor = new Acceptor()
          const port = yield* listen(acceptor.accept)
          const scope = yield* Scope.make()
          const { connection, recorder } = yield* Scope.extend(dial(port), scope)
          const accepted = yield* acceptor.nth(0)
          yield* Scope.close(scope, Exit.void)
          expect(recorder.closes).toEqual(["local"])
          expect(connection.send(utf8("late"))).toBe(false)
          expect(["ended", "reset"]).toContain(yield* accepted.recorder.closed)
        })
      ))

    it("closes a scope whose connection has ended before", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen(() => undefined)
          const scope = yield* Scope.make()
          const { recorder } = yield* Scope.extend(dial(port), scope)
          const reason = yield* recorder.closed
          yield* Scope.close(scope, Exit.void)
          expect(recorder.closes).toEqual([reason])
          expect(recorder.violations).toEqual([])
        })
      ))

    it("waits with its scope for the onClose of a connection that was destroyed just now", () =>
      run(
        Effect.gen(function* () {
          const port = yield* listen(echo().accept)
          const scope = yield* Scope.make()
          const { connection, recorder } = yield* Scope.extend(dial(port), scope)
          connection.destroy()
          yield* Scope.close(scope, Exit.void)
          expect(recorder.closes).toEqual(["local"])
        })
      ))

    it("leaves nothing behind when it is interrupted", () =>
      run(
        Effect.gen(function* () {
          const acceptor = echo()
          const port = yield* listen(acceptor.accept)
          const recorders: Array<Recorder> = []
          for (let index = 0; index < 20; index++) {
            const recorder = new Recorder()
            recorders.push(recorder)
            const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(dial(port, recorder), Effect.never)))
            // Interrupted at the very start, and ever later into the attempt.
            for (let yielded = 0; yielded < index; yielded++) yield* Effect.yieldNow()
            yield* Fiber.interrupt(fiber)
          }
          yield* ping(port)
          for (const { recorder } of acceptor.accepted) yield* recorder.closed
          for (const recorder of recorders) expect(recorder.closes.length).toBeLessThanOrEqual(1)
        })
      ))

    it("explains what it cannot reach", () =>
      run(
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const gone = yield* Scope.extend(
            listen(() => undefined),
            scope
          )
          yield* Scope.close(scope, Exit.void)
          const dialer = yield* Dialer
          const errorOf = (options: DialOptions) =>
            Effect.flip(Effect.scoped(dialer.dial(options, () => new Recorder())))
          const refused = yield* errorOf({ host: "127.0.0.1", port: gone })
          expect(refused.reason).toBe("Refused")
          expect(refused.message).toContain(`127.0.0.1:${gone}`)
          expect((yield* errorOf({ host: "localhost", port: gone })).reason).toBe("Refused")
          const unknown = yield* errorOf({ host: "nobody.invalid", port: 9 })
          expect(unknown.reason).toBe("HostNotFound")
          expect(unknown.message).toContain("nobody.invalid")
          for (const port of [0, 70_000, 1.5]) {
            expect((yield* errorOf({ host: "127.0.0.1", port })).reason).toBe("Other")
          }
        })
      ))
  })
}

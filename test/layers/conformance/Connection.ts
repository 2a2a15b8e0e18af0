import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Connection, ConnectionHandler } from "../../../src/services/Connection.js"
import { type DialError, Dialer } from "../../../src/services/Dialer.js"
import { type ListenError, Listener } from "../../../src/services/Listener.js"
import { fill, ping } from "./Listener.js"
import { Acceptor, echo, pattern, Recorder, Signal, utf8 } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/** Every guarantee of `Connection`, for the accepted and for the dialed end. */
export const suite = (name: string, { run }: Subject<Listener | Dialer>): void => {
  const test = (title: string, body: (joined: Joined) => Effect.Effect<void, unknown, Services>) => {
    for (const end of ["accepted", "dialed"] as const) {
      it(`${title} (${end} end)`, () => run(Effect.flatMap(join(end), body)))
    }
  }

  describe(`Connection on ${name}`, () => {
    test("carries bytes in order and whole, also characters split over chunks", ({ near, far }) =>
      Effect.gen(function* () {
        const text = "héllo wörld, 你好 👋\n".repeat(20)
        const bytes = utf8(text)
        for (let at = 0; at < bytes.length; at += 3) {
          expect(near.connection.send(bytes.slice(at, at + 3))).toBe(true)
        }
        yield* far.recorder.received(bytes.length)
        expect(far.recorder.text).toBe(text)
        far.connection.send(pattern(5000))
        yield* near.recorder.received(5000)
        expect(near.recorder.bytes).toEqual(pattern(5000))
      }))

    test("sends texts in UTF-8 between bytes, in order, and counts them in bytes", ({ near, far }) =>
      Effect.gen(function* () {
        expect(near.connection.send("é".repeat(SEND_QUEUE / 2 + 1))).toBe(false)
        for (const piece of ["plain, ", utf8("bytes, "), "größer, ", "plain again"]) {
          expect(near.connection.send(piece)).toBe(true)
        }
        yield* far.recorder.received(utf8("plain, bytes, größer, plain again").length)
        expect(far.recorder.text).toBe("plain, bytes, größer, plain again")
      }))

    test("tells the bytes that wait, and refuses what would exceed the bound", ({ near, far }) =>
      Effect.gen(function* () {
        expect(near.connection.queued()).toBe(0)
        expect(near.connection.send(pattern(SEND_QUEUE + 1))).toBe(false)
        expect(near.connection.send(pattern(SEND_QUEUE))).toBe(true)
        yield* far.recorder.received(SEND_QUEUE)
        expect(far.recorder.bytes).toEqual(pattern(SEND_QUEUE))
      }))

    test("stops onData while paused, slows the sender down, and loses nothing", ({ near, far, port }) =>
      Effect.gen(function* () {
        far.connection.pause()
        const accepted = yield* fill(near.connection)
        expect(accepted).toBeGreaterThanOrEqual(SEND_QUEUE - 16_384)
        expect(near.connection.queued()).toBeLessThanOrEqual(SEND_QUEUE)
        expect(near.connection.queued()).toBeGreaterThan(SEND_QUEUE - 16_384)
        yield* ping(port)
        expect(far.recorder.length).toBe(0)
        far.connection.resume()
        yield* far.recorder.received(accepted)
        expect(far.recorder.length).toBe(accepted)
        expect(far.recorder.bytes.slice(-16_384)).toEqual(pattern(16_384))
        expect(near.connection.queued()).toBe(0)
      }))

    test("sends what is queued before it ends", ({ near, far }) =>
      Effect.gen(function* () {
        near.connection.send(pattern(SEND_QUEUE))
        near.connection.end()
        expect(near.connection.send(utf8("late"))).toBe(false)
        expect(yield* far.recorder.closed).toBe("ended")
        expect(far.recorder.bytes).toEqual(pattern(SEND_QUEUE))
        expect(yield* near.recorder.closed).toBe("local")
        near.connection.end()
        near.connection.destroy()
        expect(near.connection.send(utf8("late"))).toBe(false)
        expect(far.connection.send(utf8("late"))).toBe(false)
      }))

    test("delivers its last words to a peer that is still sending", ({ near, far }) =>
      Effect.gen(function* () {
        for (let count = 0; count < 20; count++) far.connection.send(pattern(4096))
        near.connection.send(utf8("too much"))
        near.connection.end()
        expect(yield* far.recorder.closed).toBe("ended")
        expect(far.recorder.text).toBe("too much")
        expect(near.recorder.length).toBe(0)
      }))

    test("ends within its limit although the peer has stopped reading", ({ near, far, port }) =>
      Effect.gen(function* () {
        far.connection.pause()
        yield* fill(near.connection)
        near.connection.end()
        far.connection.send(utf8("too late"))
        yield* ping(port)
        expect(near.recorder.length).toBe(0)
        expect(yield* near.recorder.closed).toBe("local")
        far.connection.resume()
        expect(["ended", "reset"]).toContain(yield* far.recorder.closed)
      }))

    test("drops what is queued when destroyed", ({ near, far }) =>
      Effect.gen(function* () {
        far.connection.pause()
        const accepted = yield* fill(near.connection)
        near.connection.destroy()
        near.connection.destroy()
        expect(near.connection.send(utf8("late"))).toBe(false)
        expect(yield* near.recorder.closed).toBe("local")
        far.connection.resume()
        expect(["ended", "reset"]).toContain(yield* far.recorder.closed)
        expect(far.recorder.length).toBeLessThan(accepted)
      }))

    test("calls nothing after its own end or destroy but onClose", ({ near, far, port }) =>
      Effect.gen(function* () {
        far.connection.send(utf8("under way"))
        near.connection.destroy()
        yield* ping(port)
        expect(near.recorder.length).toBe(0)
        expect(yield* near.recorder.closed).toBe("local")
        expect(["ended", "reset"]).toContain(yield* far.recorder.closed)
      }))

    it("gives the peer that has ended the replies to its last requests", () =>
      run(
        Effect.gen(function* () {
          // A dialed end that ends discards replies, so that only their acceptance is seen here.
          const sent: Array<boolean> = []
          const acceptor = new Acceptor((connection) => sent.push(connection.send(utf8("reply"))))
          const { near } = yield* join("dialed", acceptor)
          near.connection.send(utf8("request"))
          near.connection.end()
          const { recorder } = yield* acceptor.nth(0)
          expect(yield* recorder.closed).toBe("ended")
          expect(recorder.text).toBe("request")
          expect(sent).toEqual([true])
        })
      ))

    it("stays open for a handler that wants to hear of the peer's end", () =>
      run(
        Effect.gen(function* () {
          const signal = new Signal()
          const seen: Array<string> = []
          let server: Connection | undefined
          const { port, near } = yield* join("dialed", {
            accept: (connection) => {
              server ??= connection
              if (connection !== server) return echo().accept(connection)
              const note = (what: string) => {
                seen.push(what)
                signal.notify()
              }
              return { onData: () => note("data"), onEnd: () => note("end"), onClose: note }
            }
          })
          near.connection.send(utf8("request"))
          near.connection.end()
          yield* signal.until(() => seen.includes("end"))
          yield* ping(port)
          expect(seen).toEqual(["data", "end"])
          server!.end()
          yield* signal.until(() => seen.length === 3)
          expect(seen).toEqual(["data", "end", "ended"])
        })
      ))
  })
}

type Services = Listener | Dialer | Scope.Scope

interface Side {
  readonly connection: Connection
  readonly recorder: Recorder
}

interface Joined {
  /** The end under test. */
  readonly near: Side
  readonly far: Side
  /** Where `ping` is answered. */
  readonly port: number
}

/** Not the default, so that the option is seen to count. */
const SEND_QUEUE = 64 * 1024

/** One connection, its ends with recorders, and a check at the end that no recorder has a complaint. */
function join(near: "accepted" | "dialed"): Effect.Effect<Joined, ListenError | DialError, Services>
function join(
  near: "accepted" | "dialed",
  acceptor: { readonly accept: (connection: Connection) => ConnectionHandler }
): Effect.Effect<Pick<Joined, "near" | "port">, ListenError | DialError, Services>
function join(
  near: "accepted" | "dialed",
  special?: { readonly accept: (connection: Connection) => ConnectionHandler }
): Effect.Effect<Joined, ListenError | DialError, Services> {
  return Effect.gen(function* () {
    const pings = echo()
    const acceptor = new Acceptor()
    let first = true
    const { local } = yield* Effect.flatMap(Listener, (listener) =>
      listener.listen({ port: 0, sendQueue: SEND_QUEUE }, (connection) => {
        if (special !== undefined) return special.accept(connection)
        const chosen = first ? acceptor : pings
        first = false
        return chosen.accept(connection)
      })
    )
    const recorder = new Recorder()
    const connection = yield* Effect.flatMap(Dialer, (dialer) =>
      dialer.dial({ host: "127.0.0.1", port: local.port, sendQueue: SEND_QUEUE }, () => recorder)
    )
    const dialed = { connection, recorder }
    const accepted = special === undefined ? yield* acceptor.nth(0) : dialed
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const side of [accepted, dialed]) expect(side.recorder.violations).toEqual([])
      })
    )
    return near === "accepted"
      ? { near: accepted, far: dialed, port: local.port }
      : { near: dialed, far: accepted, port: local.port }
  })
}

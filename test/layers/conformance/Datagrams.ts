import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Endpoint, Family } from "../../../src/domain/Endpoint.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { pattern, Signal } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/** Every guarantee of `Datagrams`, between sockets of one host over its loopback addresses. */
export const suite = (name: string, { run }: Subject<Datagrams>): void => {
  describe(`Datagrams on ${name}`, () => {
    for (const family of ["ipv4", "ipv6"] as const) {
      it(`carries ${family} datagrams of 0, 1, 1,200 and 65,507 bytes, in order, from the sender's address`, () =>
        run(
          Effect.gen(function* () {
            const receiver = yield* bind({ family, address: LOOPBACK[family] })
            const sender = yield* bind({ family, address: LOOPBACK[family] })
            const sizes = [0, 1, 1200, 65_507]
            for (const [index, size] of sizes.entries()) {
              sender.send(receiver.local, pattern(size, index))
              yield* receiver.received(index + 1)
            }
            expect(receiver.datagrams.map(({ data }) => data)).toEqual(sizes.map(pattern))
            expect(receiver.datagrams.map(({ from }) => from)).toEqual(sizes.map(() => sender.local))
          })
        ))

      it(`answers over ${family} from a socket bound to all addresses`, () =>
        run(
          Effect.gen(function* () {
            const server = yield* bind({ family })
            const client = yield* bind({ family })
            expect(server.local).toMatchObject({ family, address: UNSPECIFIED[family] })
            expect(server.local.port).toBeGreaterThan(0)
            client.send({ ...server.local, address: LOOPBACK[family] }, pattern(10))
            yield* server.received(1)
            expect(server.datagrams[0]!.from).toEqual({ ...client.local, address: LOOPBACK[family] })
            server.send(server.datagrams[0]!.from, pattern(20))
            yield* client.received(1)
            expect(client.datagrams[0]!.data).toEqual(pattern(20))
          })
        ))
    }

    it("keeps the order of a burst", () =>
      run(
        Effect.gen(function* () {
          const [receiver, sender] = yield* pair
          for (let index = 0; index < 200; index++) sender.send(receiver.local, Uint8Array.of(index))
          yield* receiver.received(200)
          expect(receiver.datagrams.map(({ data }) => data[0])).toEqual(
            Array.from({ length: 200 }, (_, index) => index)
          )
        })
      ))

    it("holds half its receive buffer in full-sized packets while the program is busy", () =>
      run(
        Effect.gen(function* () {
          const [receiver, sender] = yield* pair
          const count = Math.floor(receiver.receiveBuffer / 2 / 1200)
          expect(count).toBeGreaterThan(10)
          const packet = pattern(1200)
          for (let index = 0; index < count; index++) sender.send(receiver.local, packet)
          yield* receiver.received(count)
        })
      ))

    it("says when a burst is over, after each of its datagrams and before it is quiet for good", () =>
      run(
        Effect.gen(function* () {
          const sender = yield* bind({ family: "ipv4", address: LOOPBACK.ipv4 })
          const log: Array<number> = []
          let idles = 0
          const signal = new Signal()
          const receiver = yield* Effect.flatMap(Datagrams, (service) =>
            service.bind({
              family: "ipv4",
              address: LOOPBACK.ipv4,
              port: 0,
              onDatagram: (_, data) => {
                log.push(data[0]!)
              },
              onIdle: () => {
                idles++
                signal.notify()
              }
            })
          )
          for (let index = 0; index < 50; index++) sender.send(receiver.local, Uint8Array.of(index))
          yield* signal.until(() => log.length === 50)
          expect(idles).toBeGreaterThan(0)
          expect(idles).toBeLessThanOrEqual(50)
        })
      ))

    it("gives the data to the receiver", () =>
      run(
        Effect.gen(function* () {
          const [receiver, sender] = yield* pair
          const data = pattern(100)
          sender.send(receiver.local, data)
          sender.send(receiver.local, data)
          yield* receiver.received(2)
          // No Buffer: its `slice` would share memory.
          expect(receiver.datagrams[0]!.data.constructor).toBe(Uint8Array)
          receiver.datagrams[0]!.data.fill(0)
          expect(data).toEqual(pattern(100))
          expect(receiver.datagrams[1]!.data).toEqual(pattern(100))
        })
      ))

    it("says when the sender may change what it gave", () =>
      run(
        Effect.gen(function* () {
          const [receiver, sender] = yield* pair
          const data = new Uint8Array(1200)
          for (let index = 0; index < 50; index++) {
            data.fill(index)
            // A socket whose queue is full says so, and would send what comes next twice.
            expect(sender.send(receiver.local, data)).toBe(true)
          }
          yield* receiver.received(50)
          expect(receiver.datagrams.map(({ data }) => data)).toEqual(
            Array.from({ length: 50 }, (_, index) => new Uint8Array(1200).fill(index))
          )
        })
      ))

    it("binds both families to one port", () =>
      run(
        Effect.gen(function* () {
          const six = yield* bind({ family: "ipv6" })
          const four = yield* bind({ family: "ipv4", port: six.local.port })
          const sender = yield* bind({ family: "ipv4" })
          sender.send({ ...four.local, address: LOOPBACK.ipv4 }, pattern(1))
          yield* four.received(1)
          expect(six.datagrams).toEqual([])
        })
      ))

    it("takes every failure of a send for a lost packet", () =>
      run(
        Effect.gen(function* () {
          const [receiver, sender] = yield* pair
          const lost: ReadonlyArray<Endpoint> = [
            { family: "ipv6", address: "::1", port: receiver.local.port },
            { ...receiver.local, port: 0 },
            { ...receiver.local, port: 70_000 },
            { ...receiver.local, address: "nobody.invalid" },
            { family: "ipv4", address: "203.0.113.99", port: 9 },
            { family: "ipv4", address: "255.255.255.255", port: 9 }
          ]
          for (const to of lost) sender.send(to, pattern(10))
          sender.send(receiver.local, new Uint8Array(65_508))
          sender.send(receiver.local, pattern(10))
          yield* receiver.received(1)
          expect(receiver.datagrams.map(({ data }) => data)).toEqual([pattern(10)])
        })
      ))

    it("ends with its scope: nothing sent, nothing delivered, the port free", () =>
      run(
        Effect.gen(function* () {
          const sender = yield* bind({ family: "ipv4", address: LOOPBACK.ipv4 })
          const scope = yield* Scope.make()
          const closed = yield* Scope.extend(bind({ family: "ipv4", address: LOOPBACK.ipv4 }), scope)
          // Under way when the scope closes: may be lost, must not be delivered.
          sender.send(closed.local, pattern(10))
          yield* Scope.close(scope, Exit.void)
          const next = yield* bind({ family: "ipv4", address: LOOPBACK.ipv4, port: closed.local.port })
          closed.send(sender.local, pattern(10))
          sender.send(next.local, pattern(20))
          yield* next.received(1)
          next.send(sender.local, pattern(30))
          yield* sender.received(1)
          expect(closed.datagrams).toEqual([])
          expect(next.datagrams.map(({ data }) => data)).toEqual([pattern(20)])
          expect(sender.datagrams.map(({ data }) => data)).toEqual([pattern(30)])
        })
      ))

    it("delivers nothing more when its scope closes in the midst of a burst", () =>
      run(
        Effect.gen(function* () {
          const sender = yield* bind({ family: "ipv4", address: LOOPBACK.ipv4 })
          const scope = yield* Scope.make()
          const close = Runtime.runFork(yield* Effect.runtime<never>())
          const receiver = yield* Scope.extend(
            bind({ family: "ipv4", address: LOOPBACK.ipv4 }, (count) => {
              if (count === 2) close(Scope.close(scope, Exit.void))
            }),
            scope
          )
          for (let index = 0; index < 20; index++) sender.send(receiver.local, pattern(10))
          yield* receiver.received(2)
          sender.send(sender.local, pattern(10))
          yield* sender.received(1)
          expect(receiver.datagrams).toHaveLength(2)
        })
      ))

    it("sends to one endpoint alone and hears that one alone, where it is told to", () =>
      run(
        Effect.gen(function* () {
          const [friend, stranger] = yield* pair
          const socket = yield* bind({ family: "ipv4", address: LOOPBACK.ipv4, only: friend.local })
          stranger.send(socket.local, pattern(10))
          socket.send(stranger.local, pattern(11))
          socket.send(friend.local, pattern(12))
          yield* friend.received(1)
          friend.send(socket.local, pattern(13))
          yield* socket.received(1)
          friend.send(stranger.local, pattern(14))
          yield* stranger.received(1)
          expect(socket.datagrams.map(({ data }) => data)).toEqual([pattern(13)])
          expect(stranger.datagrams.map(({ data }) => data)).toEqual([pattern(14)])
        })
      ))

    it("explains what it cannot bind", () =>
      run(
        Effect.gen(function* () {
          const taken = yield* bind({ family: "ipv4" })
          const reasonOf = (options: Binding) => Effect.map(Effect.flip(Effect.scoped(bind(options))), reason)
          expect(yield* reasonOf({ family: "ipv4", port: taken.local.port })).toBe("AddressInUse")
          expect(yield* reasonOf({ family: "ipv4", address: "203.0.113.99" })).toBe("AddressNotAvailable")
          expect(yield* reasonOf({ family: "ipv4", address: "::1" })).toBe("Other")
          expect(yield* reasonOf({ family: "ipv6", address: "localhost" })).toBe("Other")
          expect(yield* reasonOf({ family: "ipv4", port: 65_536 })).toBe("Other")
          const error = yield* Effect.flip(Effect.scoped(bind({ family: "ipv4", port: taken.local.port })))
          expect(error.message).toContain(`${taken.local.port} is already in use`)
        })
      ))
  })
}

const LOOPBACK = { ipv4: "127.0.0.1", ipv6: "::1" } as const
const UNSPECIFIED = { ipv4: "0.0.0.0", ipv6: "::" } as const

interface Binding {
  readonly family: Family
  readonly address?: string
  readonly port?: number
  readonly only?: Endpoint
}

const bind = (options: Binding, react: (count: number) => void = () => {}) =>
  Effect.gen(function* () {
    const datagrams: Array<{ readonly from: Endpoint; readonly data: Uint8Array }> = []
    const signal = new Signal()
    const socket = yield* Effect.flatMap(Datagrams, (service) =>
      service.bind({
        port: 0,
        ...options,
        onDatagram: (from, data) => {
          react(datagrams.push({ from, data }))
          signal.notify()
        }
      })
    )
    return { ...socket, datagrams, received: (count: number) => signal.until(() => datagrams.length >= count) }
  })

const pair = Effect.all([
  bind({ family: "ipv4", address: LOOPBACK.ipv4 }),
  bind({ family: "ipv4", address: LOOPBACK.ipv4 })
])

const reason = (error: { readonly reason: string; readonly message: string }): string => {
  expect(error.message).not.toBe("")
  return error.reason
}

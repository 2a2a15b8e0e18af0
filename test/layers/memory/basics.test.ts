import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Endpoint, Family } from "../../../src/domain/Endpoint.js"
import * as MemoryEntropy from "../../../src/layers/memory/Entropy.js"
import * as Host from "../../../src/layers/memory/Host.js"
import * as Network from "../../../src/layers/memory/Network.js"
import { Ports } from "../../../src/layers/memory/Ports.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Entropy } from "../../../src/services/Entropy.js"
import { Interfaces } from "../../../src/services/Interfaces.js"
import { Listener } from "../../../src/services/Listener.js"
import { echo, Recorder, Signal, utf8 } from "../conformance/Recorder.js"

describe("seeded entropy", () => {
  const drawer = (seed: number) => Effect.runSync(Effect.provide(Entropy, MemoryEntropy.layer(seed)))

  it("repeats with the seed, and only with it", () => {
    expect(drawer(7).bytes(100)).toEqual(drawer(7).bytes(100))
    const drawn = [0, 1, 2, 2 ** 32, 2 ** 40 + 1].map((seed) => Buffer.from(drawer(seed).bytes(32)).toString("hex"))
    expect(new Set(drawn).size).toBe(drawn.length)
  })

  it("goes on where it was, with all byte values", () => {
    const { bytes } = drawer(1)
    expect(bytes(16)).not.toEqual(bytes(16))
    expect(bytes(0)).toHaveLength(0)
    expect(new Set(bytes(65_536)).size).toBe(256)
  })

  it("is sfc32, by a second implementation", () => {
    // The seed of two 32-bit words goes to `b` and `c`, as PractRand seeds it.
    expect(Buffer.from(drawer(1).bytes(8)).toString("hex")).toBe(reference(1n, 2))
  })
})

describe("ports", () => {
  it("never give one address and port to two sockets", () => {
    const binding = fc.record({
      families: fc.constantFrom<ReadonlyArray<Family>>(["ipv4"], ["ipv6"], ["ipv4", "ipv6"]),
      address: fc.constantFrom(undefined, "a", "b"),
      port: fc.constantFrom(0, 1, 2)
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(binding, fc.boolean()), { maxLength: 12 }), (steps) => {
        const ports = new Ports<symbol>()
        const bound: Array<{
          families: ReadonlyArray<Family>
          address: string | undefined
          port: number
          owner: symbol
        }> = []
        for (const [wanted, releases] of steps) {
          const owner = Symbol()
          const port = ports.bind(wanted, owner)
          const clash = bound.some(
            (other) =>
              other.port === wanted.port &&
              other.families.some((family) => wanted.families.includes(family)) &&
              (other.address ?? wanted.address ?? "any") === (wanted.address ?? other.address ?? "any")
          )
          expect(port === undefined).toBe(clash)
          if (port !== undefined) bound.push({ ...wanted, port, owner })
          for (const { families, address, port: at, owner: expected } of bound) {
            const to: Endpoint = { family: families[0]!, address: address ?? "c", port: at }
            expect(ports.find(to)).toBe(expected)
          }
          if (releases && bound.length > 0) {
            const gone = bound.shift()!
            ports.release(gone.port, gone.owner)
            expect(
              ports.find({ family: gone.families[0]!, address: gone.address ?? "c", port: gone.port })
            ).toBeUndefined()
          }
        }
      })
    )
  })

  it("run out rather than repeat", () => {
    const ports = new Ports<number>()
    const bind = (owner: number) => ports.bind({ families: ["ipv4"], address: undefined, port: 0 }, owner)
    const bound = new Set(Array.from({ length: 16_384 }, (_, index) => bind(index)))
    expect(bound.size).toBe(16_384)
    expect(bind(-1)).toBeUndefined()
    ports.release(50_000, 50_000 - 49_152)
    expect(bind(-1)).toBe(50_000)
  })
})

describe("two hosts of a memory network", () => {
  it("reach each other by address and by name, and see each other's address", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const network = yield* Network.make
          network.name("server.example", ["203.0.113.1"])
          const server = Host.layer(network, { addresses: ["203.0.113.1", "2001:db8::1"] })
          const client = Host.layer(network, { addresses: ["198.51.100.7"] })
          const acceptor = echo()
          const received: Array<Endpoint> = []
          const signal = new Signal()

          const serve = Effect.gen(function* () {
            const { local } = yield* Effect.flatMap(Listener, (listener) =>
              listener.listen({ port: 9090 }, acceptor.accept)
            )
            expect(local).toEqual({ family: "ipv6", address: "::", port: 9090 })
            yield* Effect.flatMap(Datagrams, (datagrams) =>
              datagrams.bind({
                family: "ipv4",
                port: 9090,
                onDatagram: (from) => {
                  received.push(from)
                  signal.notify()
                }
              })
            )
            return yield* Effect.flatMap(Interfaces, (interfaces) => interfaces.addresses)
          })
          const addresses = yield* Effect.provide(serve, server)
          expect(addresses.filter(({ loopback }) => !loopback).map(({ address }) => address)).toEqual([
            "203.0.113.1",
            "2001:db8::1"
          ])

          const use = Effect.gen(function* () {
            const dialer = yield* Dialer
            const recorder = new Recorder()
            const connection = yield* dialer.dial({ host: "server.example", port: 9090 }, () => recorder)
            connection.send(utf8("hello"))
            yield* recorder.received(5)
            expect(acceptor.accepted[0]!.connection.remote).toMatchObject({ address: "198.51.100.7" })
            const reasonOf = (host: string) =>
              Effect.map(Effect.flip(dialer.dial({ host, port: 9090 }, () => recorder)), ({ reason }) => reason)
            expect(yield* reasonOf("127.0.0.1")).toBe("Refused")
            expect(yield* reasonOf("203.0.113.2")).toBe("Unreachable")
            // This host has no IPv6 address to dial from.
            expect(yield* reasonOf("2001:db8::1")).toBe("Unreachable")
            const socket = yield* Effect.flatMap(Datagrams, (datagrams) =>
              datagrams.bind({ family: "ipv4", port: 5000, onDatagram: () => {} })
            )
            socket.send({ family: "ipv4", address: "203.0.113.1", port: 9090 }, utf8("hello"))
            yield* signal.until(() => received.length > 0)
            expect(received).toEqual([{ family: "ipv4", address: "198.51.100.7", port: 5000 }])
          })
          yield* Effect.provide(use, client)
        })
      )
    ))

  it("cannot have one address, nor what is no address", () => {
    const network = Effect.runSync(Network.make)
    network.host(["203.0.113.1"])
    expect(() => network.host(["203.0.113.1"])).toThrow("203.0.113.1")
    expect(() => network.host(["example.com"])).toThrow("example.com")
  })
})

/** sfc32 once more, in big integers and straight from its definition. */
const reference = (seed: bigint, words: number): string => {
  const u32 = (value: bigint) => BigInt.asUintN(32, value)
  let [a, b, c, counter] = [0n, u32(seed), u32(seed >> 32n), 1n]
  const next = () => {
    const result = u32(a + b + counter)
    counter = u32(counter + 1n)
    a = b ^ (b >> 9n)
    b = u32(c + (c << 3n))
    c = u32(u32((c << 21n) | (c >> 11n)) + result)
    return result
  }
  for (let round = 0; round < 12; round++) next()
  const bytes = Buffer.alloc(words * 4)
  for (let word = 0; word < words; word++) bytes.writeUInt32LE(Number(next()), word * 4)
  return bytes.toString("hex")
}

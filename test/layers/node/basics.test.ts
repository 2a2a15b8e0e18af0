import { networkInterfaces } from "node:os"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NodeEntropy from "../../../src/layers/node/Entropy.js"
import * as NodeInterfaces from "../../../src/layers/node/Interfaces.js"
import { Entropy } from "../../../src/services/Entropy.js"
import { Interfaces } from "../../../src/services/Interfaces.js"

it.live("draws as many bytes as asked, never the same", () =>
  Effect.gen(function* () {
    const { bytes } = yield* Entropy
    for (const length of [0, 1, 32, 65_536]) expect(bytes(length)).toHaveLength(length)
    const drawn = Array.from({ length: 1000 }, () => Buffer.from(bytes(16)).toString("hex"))
    expect(new Set(drawn).size).toBe(1000)
    expect(bytes(16).constructor).toBe(Uint8Array)
    // A byte value that never comes would come of 64 KiB with all but certainty.
    expect(new Set(bytes(65_536)).size).toBe(256)
  }).pipe(Effect.provide(NodeEntropy.layer))
)

it.live("gives what it draws away: nothing done to one value changes another", () =>
  Effect.gen(function* () {
    const { bytes } = yield* Entropy
    const drawn = Array.from({ length: 2_000 }, (_, index) => bytes([16, 8, 32, 1, 64][index % 5]!))
    const before = drawn.map((value) => Uint8Array.from(value))
    for (const [index, value] of drawn.entries()) {
      expect(value).toEqual(before[index])
      value.fill(0)
    }
    const after = Array.from({ length: 200 }, () => Buffer.from(bytes(16)).toString("hex"))
    expect(new Set(after).size).toBe(200)
  }).pipe(Effect.provide(NodeEntropy.layer))
)

it.live("tells the machine's addresses: canonical, each once, loopback marked, no link-local IPv6", () =>
  Effect.gen(function* () {
    const addresses = yield* (yield* Interfaces).addresses
    expect(addresses).toContainEqual({ family: "ipv4", address: "127.0.0.1", loopback: true })
    for (const { family, address } of addresses) {
      expect(Endpoint.make(address, 0)).toEqual({ family, address, port: 0 })
      expect(address).not.toMatch(/^fe80/)
    }
    const system = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
    const expected = system.filter(({ address }) => !address.startsWith("fe80"))
    expect(addresses.map(({ address }) => address).sort()).toEqual(
      [...new Set(expected.map(({ address }) => address))].sort()
    )
  }).pipe(Effect.provide(NodeInterfaces.layer))
)

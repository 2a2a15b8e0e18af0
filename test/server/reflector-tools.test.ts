import { execFile, execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { exactly } from "../../src/core/nat/Behaviour.js"
import { NatDiscovery, type Socket } from "../../src/core/nat/NatDiscovery.js"
import type { NatReport } from "../../src/core/nat/NatReport.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as NodeDatagrams from "../../src/layers/node/Datagrams.js"
import * as Reflector from "../../src/server/Reflector.js"
import { type DatagramSocket, Datagrams } from "../../src/services/Datagrams.js"

/** Other people's STUN clients against our reflector: Debian's `stun-client` and `coturn`, where they are installed. */
const has = (tool: string): boolean => {
  try {
    execFileSync("sh", ["-c", `command -v ${tool}`])
    return true
  } catch {
    return false
  }
}

const TWO = [{ bind: "127.0.0.1" }, { bind: "127.0.0.2" }]

/** Runs a tool while the reflector runs; its output whatever its exit code, because `stun` tells the NAT's kind with that. */
const against = (
  addresses: ReadonlyArray<Reflector.ReflectorAddress> | undefined,
  tool: string,
  args: (port: number) => ReadonlyArray<string>
): Promise<string> =>
  Effect.gen(function* () {
    const reflector = yield* Reflector.make({
      port: 0,
      software: "parley/test",
      ...(addresses === undefined ? {} : { addresses })
    })
    const output = yield* Effect.async<string>((resume) => {
      execFile(tool, args(reflector.ports[0]), { timeout: 30_000 }, (_, stdout, stderr) =>
        resume(Effect.succeed(stdout + stderr))
      )
    })
    expect(reflector.stats()).toMatchObject({ limited: 0, ignored: 0 })
    expect(reflector.stats().answered).toBeGreaterThan(0)
    return output
  }).pipe(Effect.scoped, Effect.provide(NodeDatagrams.layer), Effect.runPromise)

/** A driver of `NatDiscovery` that sends each request once: on loopback nothing is lost. */
const discover = (server: Endpoint.Endpoint) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const finished = yield* Deferred.make<NatReport>()
    const sockets: Partial<Record<Socket, DatagramSocket>> = {}
    let machine: NatDiscovery | undefined
    const drain = () => {
      for (let next = machine?.pollTransmit(0); next !== undefined; next = machine?.pollTransmit(0)) {
        sockets[next.socket]?.send(next.to, next.data)
      }
      const report = machine?.pollReport()
      if (report !== undefined) Deferred.unsafeDone(finished, Effect.succeed(report))
    }
    const bind = (socket: Socket) =>
      Effect.map(
        datagrams.bind({
          family: server.family,
          address: server.address,
          port: 0,
          onDatagram: (from, data) => {
            machine?.handleDatagram(socket, from, data, 0)
            drain()
          }
        }),
        (bound) => {
          sockets[socket] = bound
          return [bound.local]
        }
      )
    const local = { first: yield* bind("first"), second: yield* bind("second") }
    machine = new NatDiscovery({ server, local, random: (length) => randomBytes(length) }, 0)
    drain()
    return yield* Deferred.await(finished)
  })

describe("server/Reflector and the STUN clients of others", () => {
  it("lets our own discovery see an open network", () =>
    Effect.gen(function* () {
      const { ports } = yield* Reflector.make({ port: 0, software: "parley/test", addresses: TWO })
      const report = yield* discover(Endpoint.make("127.0.0.1", ports[0])!)
      expect(report).toMatchObject({ udp: true, server: true, translated: false, hairpin: undefined })
      expect(report.mapping).toEqual(exactly("endpoint-independent"))
      expect(report.filtering).toEqual(exactly("endpoint-independent"))
    }).pipe(Effect.scoped, Effect.provide(NodeDatagrams.layer), Effect.runPromise))

  if (has("turnutils_stunclient")) {
    for (const [family, address] of [
      ["IPv4", "127.0.0.1"],
      ["IPv6", "::1"]
    ] as const) {
      it(`tells coturn's turnutils_stunclient its address over ${family}`, async () => {
        const output = await against(undefined, "turnutils_stunclient", (port) => ["-p", String(port), address])
        expect(output).toContain(`${family}. UDP reflexive addr: ${address}:`)
      })
    }
  }

  if (has("turnutils_natdiscovery")) {
    it("lets coturn's turnutils_natdiscovery find mapping and filtering behaviour", async () => {
      const output = await against(TWO, "turnutils_natdiscovery", (port) => [
        "-m",
        "-f",
        "-p",
        String(port),
        "127.0.0.1"
      ])
      expect(output).toContain("Response origin: : 127.0.0.1:")
      expect(output).toContain("Other addr: : 127.0.0.2:")
      expect(output).toContain("NAT with Endpoint Independent Mapping!")
      expect(output).toContain("NAT with Endpoint Independent Filtering!")
    })
  }

  if (has("stun")) {
    for (const [name, addresses] of [
      ["one address", undefined],
      ["two addresses", TWO]
    ] as const) {
      it(`lets Debian's stun, which speaks RFC 3489, see an open network through ${name}`, async () => {
        const output = await against(addresses, "stun", (port) => [`127.0.0.1:${port}`])
        expect(output).toContain("Primary: Open")
      })
    }
  }
})

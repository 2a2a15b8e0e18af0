import { execFile, execFileSync } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import * as Discovery from "../../src/client/Discovery.js"
import { exactly } from "../../src/core/nat/Behaviour.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as NodeDatagrams from "../../src/layers/node/Datagrams.js"
import * as NodeEntropy from "../../src/layers/node/Entropy.js"
import * as NodeInterfaces from "../../src/layers/node/Interfaces.js"
import * as Reflector from "../../src/server/Reflector.js"
import { scopedLive } from "../support/Live.js"

/** Other people's STUN clients against our reflector: Debian's `stun-client` and `coturn`, where they are installed. */
const has = (tool: string): boolean => {
  try {
    execFileSync("sh", ["-c", `command -v ${tool}`])
    return true
  } catch {
    return false
  }
}

const node = Layer.mergeAll(NodeDatagrams.layer, NodeEntropy.layer, NodeInterfaces.layer)

const TWO = [{ bind: "127.0.0.1" }, { bind: "127.0.0.2" }]

/**
 * Runs a tool while the reflector runs; its output whatever its exit code, because `stun` tells the NAT's kind with
 * that.
 */
const against = (
  addresses: ReadonlyArray<Reflector.ReflectorAddress> | undefined,
  tool: string,
  args: (port: number) => ReadonlyArray<string>
) =>
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
  })

const scoped = scopedLive(node)

describe("server/Reflector and the STUN clients of others", () => {
  scoped("lets our own discovery see an open network", () =>
    Effect.gen(function* () {
      const { ports } = yield* Reflector.make({ port: 0, software: "parley/test", addresses: TWO })
      const report = yield* Discovery.discover({ server: Endpoint.make("127.0.0.1", ports[0])! })
      expect(report).toMatchObject({ udp: true, server: true, translated: false, hairpin: undefined })
      expect(report.mapping).toEqual(exactly("endpoint-independent"))
      expect(report.filtering).toEqual(exactly("endpoint-independent"))
    })
  )

  if (has("turnutils_stunclient")) {
    for (const [family, address] of [
      ["IPv4", "127.0.0.1"],
      ["IPv6", "::1"]
    ] as const) {
      scoped(`tells coturn's turnutils_stunclient its address over ${family}`, () =>
        Effect.gen(function* () {
          const output = yield* against(undefined, "turnutils_stunclient", (port) => ["-p", String(port), address])
          expect(output).toContain(`${family}. UDP reflexive addr: ${address}:`)
        })
      )
    }
  }

  if (has("turnutils_natdiscovery")) {
    scoped("lets coturn's turnutils_natdiscovery find mapping and filtering behaviour", () =>
      Effect.gen(function* () {
        const output = yield* against(TWO, "turnutils_natdiscovery", (port) => [
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
    )
  }

  if (has("stun")) {
    for (const [name, addresses] of [
      ["one address", undefined],
      ["two addresses", TWO]
    ] as const) {
      scoped(`lets Debian's stun, which speaks RFC 3489, see an open network through ${name}`, () =>
        Effect.gen(function* () {
          const output = yield* against(addresses, "stun", (port) => [`127.0.0.1:${port}`])
          expect(output).toContain("Primary: Open")
        })
      )
    }
  }
})

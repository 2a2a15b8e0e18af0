import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { expected, type Surroundings } from "../../src/cli/doctor/Expected.js"
import * as Program from "../../src/cli/doctor/Program.js"
import { Report } from "../../src/cli/doctor/Report.js"
import { exactly } from "../../src/core/nat/Behaviour.js"
import type { NatReport } from "../../src/core/nat/NatReport.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Memory from "../../src/layers/memory/Terminal.js"
import * as Server from "../../src/server/Server.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import { Listener } from "../../src/services/Listener.js"
import { PortMapping } from "../../src/services/PortMapping.js"
import { Terminal } from "../../src/services/Terminal.js"
import { inMemory } from "../../src/sim/InMemory.js"
import * as Sim from "../../src/sim/Sim.js"

const SERVER = "192.0.2.1"
const decode = Schema.decodeUnknownSync(Report, { onExcessProperty: "error" })

/** No datagram leaves this machine. */
const mute = Layer.effect(
  Datagrams,
  Effect.map(Datagrams, ({ bind }) => ({
    bind: (options) => Effect.map(bind(options), (socket) => ({ ...socket, send: () => true }))
  }))
)

/** It forwards when `answers`, and the end of a forwarding takes for ever. */
const endless = (answers: boolean) =>
  Layer.succeed(PortMapping, {
    forward: ({ onExternal, port }) =>
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.never)
        if (answers) onExternal(Endpoint.make("203.0.113.1", port))
        return { renew: () => {} }
      })
  })

interface Visit {
  readonly server?: "parley" | "silent"
  readonly host?: string
  readonly port?: number
  /** Servers that are named behind that one. */
  readonly others?: ReadonlyArray<{ readonly host: string; readonly port: number }>
  readonly udp?: boolean
  /** Whether the server carries packets. */
  readonly relay?: boolean
  readonly link?: boolean
  readonly json?: boolean
  readonly interactive?: boolean
  /** A router that forwards nothing, or never gets done with giving back what it forwarded. */
  readonly router?: "silent" | "endless"
  /** ms of one way through the network. */
  readonly latencyMs?: number
}

/** One visit to the doctor: what was written, and how it ended. */
const visit = async (options: Visit) => {
  let seen = { output: "", errors: "", failure: "", elapsed: 0 }
  await inMemory(
    Effect.gen(function* () {
      const there = yield* Layer.build(Sim.layer("chat.example", { ipv4: SERVER }))
      const withoutRelay = options.relay === false ? { relay: undefined } : {}
      if (options.server === "parley")
        yield* Layer.build(
          Layer.provide(Server.layerStandalone({ motd: "\u001b[2J", ...withoutRelay }), Layer.succeedContext(there))
        )
      if (options.server === "silent")
        yield* Effect.provide(
          Effect.flatMap(Listener, (listener) =>
            listener.listen({ port: 9090 }, () => ({ onData: () => {}, onClose: () => {} }))
          ),
          there
        )
      const terminal = yield* Memory.make({ interactive: options.interactive ?? false })
      const machine = Sim.layer("patient", { ipv4: "198.51.100.7" })
      const begun = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const exit = yield* Program.run({
        servers: [
          {
            host: options.host ?? "chat.example",
            port: options.port ?? 9090,
            ...(options.link === undefined ? {} : { tls: options.link })
          },
          ...(options.others ?? [])
        ],
        stun: [],
        portMapping: true,
        json: options.json ?? true
      }).pipe(
        Effect.provideService(Terminal, terminal.terminal),
        Effect.provide(options.udp === false ? Layer.provideMerge(mute, machine) : machine),
        options.router === undefined ? (self) => self : Effect.provide(endless(options.router === "endless")),
        Effect.mapError(({ message }) => message),
        Effect.exit
      )
      const ended = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      seen = {
        output: terminal.output(),
        errors: terminal.errors(),
        failure: Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : "",
        elapsed: ended - begun
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger))),
    options.latencyMs === undefined ? {} : { link: { latencyMs: options.latencyMs } }
  )
  return seen
}

const examine = async (options: Visit) => {
  const { elapsed, failure, output } = await visit(options)
  expect(output.match(/\n/g)).toHaveLength(1)
  expect(elapsed).toBeLessThanOrEqual(10_000)
  return { report: decode(JSON.parse(output)), failure }
}

describe("doctor", () => {
  it("examines the first of several servers that answers, and says how the others are", async () => {
    const others = [
      { host: "chat.example", port: 9090 },
      { host: "chat.example", port: 9095 }
    ]
    const { failure, report } = await examine({ server: "parley", host: "192.0.2.200", others })
    expect(failure).toBe("")
    expect(report).toMatchObject({
      reachable: true,
      server: { host: "chat.example", port: 9090 },
      others: [
        { host: "192.0.2.200", port: 9090, problem: expect.any(String) },
        { host: "chat.example", port: 9095, problem: expect.any(String) }
      ]
    })
  })

  it("does not wait for a router that never gets done", async () => {
    for (const router of ["silent", "endless"] as const) {
      const { failure, report } = await examine({ server: "parley", router })
      expect([failure, report.reachable]).toEqual(["", true])
    }
  })

  it("finds an open network, and the server on TCP and both UDP ports", async () => {
    const { failure, report } = await examine({ server: "parley" })
    expect(failure).toBe("")
    expect(report).toMatchObject({
      reachable: true,
      server: { host: "chat.example", port: 9090, address: `${SERVER}:9090`, tokenRequired: false },
      udp: [
        { address: `${SERVER}:9090`, reachable: true },
        { address: `${SERVER}:9091`, reachable: true }
      ],
      local: ["198.51.100.7"],
      networks: [{ family: "ipv4", udp: true, translated: false }]
    })
    expect(report.routes.find(({ peer }) => peer.includes("symmetric"))?.route).toBe("direct")
    expect(report.advice).toBeUndefined()
  })

  it.each([560, 700])("reaches a server behind a satellite, %i ms there and back", async (roundTrip) => {
    const { failure, report } = await examine({ server: "parley", latencyMs: roundTrip / 2 })
    expect([failure, report.reachable]).toEqual(["", true])
    expect(Math.round(report.server.rttMs! / 10) * 10).toBe(roundTrip)
  })

  it("takes the NAT that one server cannot tell from an ordinary one for an ordinary one", () => {
    const network = {
      family: "ipv4",
      udp: true,
      server: true,
      mapped: undefined,
      translated: true,
      portPreserved: true,
      mapping: { best: "endpoint-independent", worst: "address-dependent" },
      filtering: exactly("address-and-port-dependent"),
      hairpin: false,
      rttMs: 20
    } as const
    const around = { hasIpv4: true, hasIpv6: false }
    expect(expected([network], around).typical).toBe("direct")
    const symmetric = { ...network, mapping: exactly("address-and-port-dependent") }
    expect(expected([symmetric], around).typical).toBe("relay")
  })

  it("looks at both families, and at a port that the router forwards", () => {
    const hard = exactly("address-and-port-dependent")
    const network = (family: "ipv4" | "ipv6", fields: Partial<NatReport> = {}): NatReport => ({
      family,
      udp: true,
      server: true,
      mapped: undefined,
      translated: family === "ipv4",
      portPreserved: undefined,
      mapping: family === "ipv4" ? hard : exactly("endpoint-independent"),
      filtering: hard,
      hairpin: undefined,
      rttMs: 20,
      ...fields
    })
    const both = { hasIpv4: true, hasIpv6: true }
    const said = (networks: ReadonlyArray<NatReport>, around: Surroundings) => {
      const { ipv6, routes, typical } = expected(networks, around)
      return [typical, ipv6, routes.map(({ route }) => route === "direct")]
    }
    const symmetric = [true, true, true, false, false, false]
    const nobody = symmetric.map(() => false)
    expect(said([network("ipv4"), network("ipv6")], both)).toEqual(["either", true, symmetric])
    expect(said([network("ipv4"), network("ipv6", { udp: false })], both)).toEqual(["relay", false, symmetric])
    expect(said([network("ipv4")], both), "nobody to ask over IPv6").toEqual(["either", true, symmetric])
    expect(said([network("ipv4", { udp: false }), network("ipv6")], both)).toEqual(["either", true, nobody])
    expect(said([network("ipv6")], { ...both, hasIpv4: false })).toEqual(["either", true, nobody])
    expect(said([network("ipv6")], both), "nobody to ask over IPv4").toEqual(["either", true, []])
    const forwarded = Endpoint.parse("198.51.100.7:4000")
    const open = [true, true, true, true, true, false]
    expect(said([network("ipv4")], { hasIpv4: true, hasIpv6: false, forwarded })).toEqual(["direct", false, open])
    expect(said([], both)).toEqual([undefined, false, []])
  })

  it("finds that UDP is blocked although the server can be reached", async () => {
    const { failure, report } = await examine({ server: "parley", udp: false })
    expect(failure).toBe("")
    expect(report.udp.map(({ reachable }) => reachable)).toEqual([false, false])
    expect(new Set(report.routes.map(({ route }) => route))).toEqual(new Set(["relay"]))
    expect(report.advice).toContain("firewall")
  })

  it("says that there is no way where it takes a relay and the server has none", async () => {
    const options = { server: "parley", udp: false, relay: false } as const
    const { report } = await examine(options)
    expect([report.typical, ...new Set(report.routes.map(({ route }) => route))]).toEqual(["none", "none"])
    const { output } = await visit({ ...options, json: false })
    expect(output).toContain("With most people you cannot talk")
    expect(output).toContain("This server has no relay")
    expect(output).not.toContain("through the relay")
  })

  it("tells a wrong port, a wrong name and a stranger apart, fails, and claims nothing of the network", async () => {
    for (const [options, advice] of [
      [{ server: "parley", port: 9999 }, "port (9999)"],
      [{ host: "nobody.example" }, "name nobody.example"],
      [{ server: "silent" }, "something else"]
    ] as const) {
      const { failure, report } = await examine(options)
      expect(failure).toContain("cannot be reached")
      expect(report).toMatchObject({ reachable: false, networks: [], routes: [] })
      expect(report.advice).toContain(advice)
    }
  })

  it("tells a server that UDP reaches and TCP does not from one that is not there", async () => {
    const { report } = await examine({ server: "parley", port: 9091 })
    expect(report).toMatchObject({ reachable: false, udp: [{ reachable: true }, { reachable: false }] })
    expect(report.advice).toContain("UDP answers at 192.0.2.1:9091, but TCP port 9091 of that address takes no")
  })

  it("speaks to people in sentences, and shows its progress to them alone", async () => {
    const piped = await visit({ server: "parley", json: false })
    expect(piped.output).not.toContain("\r")
    expect(piped.output).toMatch(/ok {2}TCP 192\.0\.2\.1:9090: answers in/)
    expect(piped.output).toContain("With most people you talk directly.")
    expect(piped.output).toContain("What would help most\n  Nothing")
    const shown = await visit({ server: "parley", json: false, interactive: true })
    expect(piped.errors).toBe("")
    expect(shown.errors).toContain("… asking chat.example over TCP")
    // Nothing of the progress is left on the screen.
    expect(shown.errors.endsWith("\r\u001b[K")).toBe(true)
    expect(shown.output.replace(/\s+/g, " ")).toBe(piped.output.replace(/\s+/g, " "))
    for (const row of shown.output.split("\n")) expect(row.length).toBeLessThanOrEqual(80)
    const blocked = await visit({ server: "parley", udp: false, json: false })
    expect(blocked.output).toContain("NO  UDP")
    expect(blocked.output).toMatch(/symmetric NAT .* through the relay/)
  })

  it("is documented in docs/json.md as it is", () => {
    const doc = readFileSync(new URL("../../docs/json.md", import.meta.url), "utf8")
    const section = doc.split(/^## /m).find((part) => part.startsWith("The report of `parley doctor"))!
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(section)![1]!)
    expect(decode(example)).toEqual(example)
    for (const field of Object.keys(Report.fields)) expect(section).toContain(`| \`${field}\` |`)
  })
})

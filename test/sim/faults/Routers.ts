import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { sink } from "../../../scenarios/support/Programs.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { Dialer } from "../../../src/services/Dialer.js"
import type { FaultKind, RouterFault } from "../../../src/sim/faults/Fault.js"
import * as Nat from "../../../src/sim/network/Nat.js"
import { Sim } from "../../../src/sim/Sim.js"
import type { HostOptions } from "../../../src/sim/World.js"
import { faultShows } from "./FaultShows.js"
import { value } from "./Flow.js"

type Without = ReadonlyArray<FaultKind>

const ROUTER = "inside/router"

describe("faults of routers", () => {
  faultShows("nat-mapping", async (without: Without) => {
    const { seen } = await probe(without, { kind: "nat-mapping", router: ROUTER, mapping: "address-dependent" })
    return seen("one") !== seen("two")
  })
  faultShows("nat-ports", async (without: Without) => {
    const { seen } = await probe(without, { kind: "nat-ports", router: ROUTER, ports: "random" })
    return !seen("one").endsWith(":5000")
  })
  faultShows("nat-filtering", async (without: Without) => {
    const { got } = await probe(without, {
      kind: "nat-filtering",
      router: ROUTER,
      filtering: "address-and-port-dependent"
    })
    return got("stranger") === 0 && got("one") === 1
  })
  faultShows("nat-expiry", async (without: Without) => {
    const { got } = await probe(without, { kind: "nat-expiry", router: ROUTER, udpTimeoutMs: 20_000 }, 30_000)
    return got("one") === 0
  })
  faultShows("nat-permission-expiry", async (without: Without) => {
    const base = { filtering: "address-dependent" } as const
    const fault = { kind: "nat-permission-expiry", router: ROUTER, permissionMs: 20_000 } as const
    return (await probe(without, fault, 30_000, base)).got("one") === 0
  })
  faultShows("nat-reboot", async (without: Without) => {
    const { got } = await probe(without, { kind: "nat-reboot", router: ROUTER }, 1000, {}, "after")
    return got("one") === 0
  })
  faultShows("nat-renumber", async (without: Without) => {
    const fault = { kind: "nat-renumber", router: ROUTER } as const
    const { seen, later } = await probe(without, fault, 1000, {}, "after")
    return later("one") !== "" && later("one") !== seen("one")
  })
  faultShows("nat-exhaustion", async (without: Without) => {
    const config = { mapping: "address-dependent" } as const
    const fault = { kind: "nat-exhaustion", router: ROUTER, maxMappings: 1 } as const
    const { seen } = await probe(without, fault, 1000, config)
    return seen("one") !== "" && seen("two") === ""
  })
  faultShows("nat-no-hairpin", async (without: Without) => {
    const got = await value(
      without,
      Effect.gen(function* () {
        const sim = yield* Sim
        let got = 0
        const router = yield* sim.router("home", Nat.fullCone)
        const outer = sim.world.network.book.text(router.nat.outer)
        yield* sim.host(
          "one",
          { nat: router },
          announced("203.0.113.200", () => got++)
        )
        yield* sim.begin({ kind: "nat-no-hairpin", router: "home" })
        yield* Effect.sleep("1 second")
        yield* sim.host(
          "two",
          { nat: router },
          announced(outer, () => {})
        )
        yield* Effect.sleep("1 second")
        return got
      })
    )
    return got === 0
  })
  faultShows("nat-tcp-expiry", async (without: Without) => {
    const got = await value(
      without,
      Effect.gen(function* () {
        const sim = yield* Sim
        let got = 0
        yield* sim.host(
          "server",
          {},
          sink((data) => (got += data.length))
        )
        const client = Effect.gen(function* () {
          const none = { onData: () => {}, onClose: () => {} }
          const connection = yield* (yield* Dialer).dial({ host: "server", port: 80 }, () => none)
          connection.send(new Uint8Array(10))
          yield* Effect.sleep("10 minutes")
          connection.send(new Uint8Array(10))
          yield* Effect.never
        }).pipe(Effect.scoped)
        yield* sim.host("inside", { nat: Nat.portRestricted }, client)
        yield* sim.begin({ kind: "nat-tcp-expiry", router: ROUTER, tcpTimeoutMs: 300_000 })
        yield* Effect.sleep("20 minutes")
        return got
      })
    )
    return got === 10
  })
  faultShows("firewall-filtering", async (without: Without) => {
    const got = await value(
      without,
      Effect.gen(function* () {
        const sim = yield* Sim
        let got = 0
        yield* sim.host(
          "inside",
          INSIDE6,
          speak6("2001:db8::aaaa", 5000, () => got++)
        )
        yield* sim.begin({ kind: "firewall-filtering", router: ROUTER, filtering: "endpoint-independent" })
        yield* Effect.sleep("1 second")
        yield* sim.host(
          "stranger",
          { ipv6: "2001:db8::bbbb" },
          speak6("2001:db8::1", 2000, () => {})
        )
        yield* Effect.sleep("5 seconds")
        return got
      })
    )
    return got > 0
  })
})

/**
 * A host behind a NAT (full cone but for `config`) sends to the servers `one` and `two`; after `waitMs` `one` and a
 * stranger send to where `one` saw it; then it sends once more.
 */
const probe = (
  without: Without,
  fault: RouterFault,
  waitMs = 1000,
  config: Partial<Nat.NatConfig> = {},
  when: "before" | "after" = "before"
) =>
  value(
    without,
    Effect.gen(function* () {
      const sim = yield* Sim
      const first = new Map<string, string>()
      const later = new Map<string, string>()
      const got = new Map<string, number>()
      const servers = ["one", "two", "stranger"]
      const names = new Map<string, string>()
      let seen = first
      const sends: Array<() => void> = []
      for (const name of servers) {
        const program = Effect.gen(function* () {
          const socket = yield* (yield* Datagrams).bind({
            family: "ipv4",
            port: 7,
            onDatagram: (from) => seen.set(name, `${from.address}:${from.port}`)
          })
          sends.push(() => {
            const [address, port] = (first.get("one") ?? ":").split(":")
            if (name !== "two")
              socket.send({ family: "ipv4", address: address!, port: Number(port) }, new Uint8Array(1))
          })
          yield* Effect.never
        }).pipe(Effect.scoped)
        const host = yield* sim.host(name, {}, program)
        names.set(host.address(), name)
      }
      const inside = Effect.gen(function* () {
        const socket = yield* (yield* Datagrams).bind({
          family: "ipv4",
          port: 5000,
          onDatagram: ({ address }) => got.set(names.get(address)!, (got.get(names.get(address)!) ?? 0) + 1)
        })
        for (;;) {
          for (const [address, name] of names) {
            if (name !== "stranger") socket.send({ family: "ipv4", address, port: 7 }, new Uint8Array(1))
          }
          yield* Effect.sleep(2 * waitMs)
        }
      }).pipe(Effect.scoped)
      const start = sim.host("inside", { nat: { ...Nat.fullCone, ...config } }, inside)
      if (when === "before") yield* Effect.zipRight(start, sim.begin(fault))
      else {
        yield* start
        yield* Effect.sleep(waitMs / 2)
        yield* sim.begin(fault)
      }
      yield* Effect.sleep(when === "before" ? waitMs : waitMs / 2)
      seen = later
      for (const send of sends) send()
      yield* Effect.sleep(1.5 * waitMs)
      return {
        seen: (name: string) => first.get(name) ?? "",
        later: (name: string) => later.get(name) ?? "",
        got: (name: string) => got.get(name) ?? 0
      }
    })
  )

/** Sends a datagram to port 5000 of an address every 100 ms, and notes what comes to its own. */
const announced = (to: string, note: () => void) =>
  Effect.gen(function* () {
    const socket = yield* (yield* Datagrams).bind({ family: "ipv4", port: 5000, onDatagram: note })
    for (;;) {
      socket.send({ family: "ipv4", address: to, port: 5000 }, new Uint8Array(1))
      yield* Effect.sleep("100 millis")
    }
  }).pipe(Effect.scoped)

const speak6 = (to: string, port: number, note: () => void) =>
  Effect.gen(function* () {
    const socket = yield* (yield* Datagrams).bind({ family: "ipv6", port, onDatagram: note })
    for (;;) {
      socket.send({ family: "ipv6", address: to, port: 5000 }, new Uint8Array(1))
      yield* Effect.sleep("1 second")
    }
  }).pipe(Effect.scoped)

const INSIDE6: HostOptions = { ipv6: "2001:db8::1", nat: Nat.portRestricted }

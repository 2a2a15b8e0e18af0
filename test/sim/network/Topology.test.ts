import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { echo, sink } from "../../../scenarios/support/Programs.js"
import { punch, rendezvous } from "../../../scenarios/support/Punch.js"
import { type Endpoint, format, make } from "../../../src/domain/Endpoint.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Interfaces } from "../../../src/services/Interfaces.js"
import { Resolver } from "../../../src/services/Resolver.js"
import * as Nat from "../../../src/sim/network/Nat.js"
import type { Services } from "../../../src/sim/Services.js"
import { Sim, type SimHost } from "../../../src/sim/Sim.js"
import type { HostOptions } from "../../../src/sim/World.js"
import { value } from "../faults/Flow.js"

type World = typeof Sim.Service

const SERVER = make("203.0.113.1", 3478)!

describe("a name with two addresses", () => {
  it("is reached at whichever answers first, as on real machines", async () => {
    const outcome = await value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        yield* sim.host(
          "server",
          { ipv4: "203.0.113.1", ipv6: "2001:db8::1" },
          sink(() => {})
        )
        let dropped = 0
        // What goes to the first address is lost, and would be sent again after a second.
        yield* sim.rule(({ protocol, to }) =>
          protocol === "tcp" && to === "server" && dropped++ === 0 ? "drop" : "pass"
        )
        const reached: Array<[string, number]> = []
        const dial = Effect.gen(function* () {
          const dialer = yield* Dialer
          const handler = { onData: () => {}, onClose: () => {} }
          const connection = yield* dialer.dial({ host: "server", port: 80 }, () => handler)
          reached.push([connection.remote.address, Math.round(sim.now())])
        })
        yield* sim.host("client", { ipv4: "203.0.113.2", ipv6: "2001:db8::2" }, Effect.scoped(dial))
        yield* Effect.sleep("2 seconds")
        return reached
      }).pipe(Effect.scoped)
    )
    expect(outcome).toEqual([["2001:db8::1", expect.any(Number)]])
    expect(outcome[0]![1]).toBeLessThan(900)
  })
})

describe("routers", () => {
  /** Whether two peers meet with the help of a rendezvous. */
  const meet = (build: (sim: World) => Effect.Effect<readonly [HostOptions, HostOptions]>) =>
    value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        let open = 0
        yield* sim.host("rendezvous", { ipv4: SERVER.address }, rendezvous)
        const [a, b] = yield* build(sim)
        for (const [name, options] of [
          ["a", a],
          ["b", b]
        ] as const) {
          yield* sim.host(name, options, punch({ name, server: SERVER, giveUpMs: 4000, onOpen: () => open++ }))
        }
        yield* Effect.sleep("5 seconds")
        return open === 2
      })
    )
  const shared = (nat: Nat.NatConfig) => (sim: World) =>
    Effect.map(sim.router("home", nat), (router) => [{ nat: router }, { nat: router }] as const)

  it("turn packets round for two hosts behind one of them, if they can", async () => {
    expect(await meet(shared(Nat.portRestricted))).toBe(true)
    expect(await meet(shared({ ...Nat.portRestricted, hairpin: false }))).toBe(false)
  })

  it("nest: peers behind one carrier meet through two NATs each, if the carrier's turns packets round", async () => {
    const behindOneCarrier = (carrier: Nat.NatConfig) => (sim: World) =>
      Effect.gen(function* () {
        const behind = yield* sim.router("carrier", carrier, { prefix: "100.64.0." })
        const home = (name: string) => sim.router(name, Nat.portRestricted, { behind })
        return [{ nat: yield* home("left") }, { nat: yield* home("right") }] as const
      })
    expect(await meet(behindOneCarrier(Nat.carrierGrade))).toBe(true)
    expect(await meet(behindOneCarrier({ ...Nat.carrierGrade, hairpin: false }))).toBe(false)
  })

  it("give the same private address to hosts of different homes, and keep them apart", async () => {
    const addresses = await value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        const seen: Array<string> = []
        const look = Effect.gen(function* () {
          const all = yield* (yield* Interfaces).addresses
          seen.push(
            all
              .filter(({ loopback }) => !loopback)
              .map(({ address }) => address)
              .join()
          )
        })
        yield* sim.host("a", { nat: Nat.fullCone }, look)
        yield* sim.host("b", { nat: Nat.fullCone, ipv6: "auto" }, look)
        yield* Effect.sleep(1)
        return seen
      })
    )
    expect(addresses).toEqual(["192.168.1.2", "192.168.1.2,2001:db8::1"])
  })

  /**
   * How many datagrams a client gets in the second 10 minutes, when the server sends one each 10 s to where it first
   * saw it.
   */
  const received = (nat: Partial<Nat.NatConfig>, keepAliveSeconds: number) =>
    value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        let client: Endpoint | undefined
        let got = 0
        const server = Effect.gen(function* () {
          const socket = yield* (yield* Datagrams).bind({
            family: "ipv4",
            port: SERVER.port,
            onDatagram: (from) => {
              client ??= from
            }
          })
          for (;;) {
            if (client !== undefined) socket.send(client, new Uint8Array(1))
            yield* Effect.sleep("10 seconds")
          }
        }).pipe(Effect.scoped)
        const inside = Effect.gen(function* () {
          const socket = yield* (yield* Datagrams).bind({ family: "ipv4", port: 0, onDatagram: () => got++ })
          for (;;) {
            socket.send(SERVER, new Uint8Array(1))
            yield* Effect.sleep(keepAliveSeconds * 1000)
          }
        }).pipe(Effect.scoped)
        yield* sim.host("server", { ipv4: SERVER.address }, server)
        yield* sim.host("inside", { nat: { ...Nat.portRestricted, udpTimeoutMs: 30_000, ...nat } }, inside)
        yield* Effect.sleep("10 minutes")
        const before = got
        yield* Effect.sleep("10 minutes")
        return got - before
      })
    )

  it("keep a mapping as long as it is used from inside, and from outside if they are made so", async () => {
    expect(await received({}, 25)).toBe(60)
    expect(await received({ ports: "random" }, 65)).toBeLessThan(5)
    expect(await received({ refreshInbound: true }, 3600)).toBe(60)
  })

  it("keep a port as Linux does until two mappings to one peer would clash", async () => {
    const ports = await value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        const seen: Array<string> = []
        const note = (name: string) =>
          Effect.gen(function* () {
            yield* (yield* Datagrams).bind({
              family: "ipv4",
              port: 7,
              onDatagram: (from) => seen.push(`${name} ${from.port === 5000 ? "kept" : "changed"}`)
            })
            yield* Effect.never
          }).pipe(Effect.scoped)
        const one = yield* sim.host("one", {}, note("one"))
        const two = yield* sim.host("two", {}, note("two"))
        const router = yield* sim.router("home", Nat.linux)
        const speak = (to: SimHost) =>
          Effect.gen(function* () {
            const socket = yield* (yield* Datagrams).bind({ family: "ipv4", port: 5000, onDatagram: () => {} })
            socket.send({ family: "ipv4", address: to.address(), port: 7 }, new Uint8Array(1))
            yield* Effect.never
          }).pipe(Effect.scoped)
        for (const [name, to] of [
          ["a", one],
          ["b", two],
          ["c", one]
        ] as const) {
          yield* sim.host(name, { nat: router }, speak(to))
          yield* Effect.sleep("1 second")
        }
        return seen
      })
    )
    expect(ports).toEqual(["one kept", "two kept", "one changed"])
  })
})

describe("IPv6", () => {
  it("passes a firewall for who was asked, and for nobody else", async () => {
    const got = await value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        const got: Array<string> = []
        const speak = (to: string, port: number) =>
          Effect.gen(function* () {
            const socket = yield* (yield* Datagrams).bind({
              family: "ipv6",
              port,
              onDatagram: (from) => got.push(`${port} from ${format(from)}`)
            })
            for (let i = 0; i < 2; i++) {
              socket.send({ family: "ipv6", address: to, port: 5000 }, new Uint8Array(1))
              yield* Effect.sleep("1 second")
            }
          }).pipe(Effect.scoped)
        yield* sim.host("inside", { ipv6: "2001:db8::1", nat: Nat.portRestricted }, speak("2001:db8::2", 5000))
        yield* sim.host("friend", { ipv6: "2001:db8::2" }, speak("2001:db8::1", 5000))
        yield* sim.host("stranger", { ipv6: "2001:db8::3" }, speak("2001:db8::1", 5000))
        yield* Effect.sleep("5 seconds")
        return got.sort()
      })
    )
    expect(got).toEqual([
      "5000 from [2001:db8::1]:5000",
      "5000 from [2001:db8::1]:5000",
      "5000 from [2001:db8::2]:5000",
      "5000 from [2001:db8::2]:5000"
    ])
  })
})

describe("names", () => {
  const look = (name: string, build: (sim: World) => Effect.Effect<unknown> = () => Effect.void) =>
    value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        let found = ""
        yield* sim.host("server", { ipv4: "203.0.113.2", ipv6: "2001:db8::80" }, Effect.never)
        const program = Effect.flatMap(Resolver, (resolver) => resolver.resolve(name)).pipe(
          Effect.match({ onSuccess: (all) => all.join(), onFailure: ({ reason }) => reason }),
          Effect.tap((text) =>
            Effect.sync(() => {
              found = text
            })
          )
        )
        yield* sim.host("client", {}, program)
        yield* build(sim)
        yield* Effect.sleep("1 second")
        return found
      })
    )

  it("are those of the hosts, as long as somebody can be asked", async () => {
    expect(await look("server")).toBe("203.0.113.2,2001:db8::80")
    expect(await look("192.0.2.7")).toBe("192.0.2.7")
    expect(await look("localhost")).toBe("127.0.0.1,::1")
    expect(await look("nobody")).toBe("NotFound")
    expect(await look("server", (sim) => sim.begin({ kind: "resolver-down", host: "client" }))).toBe("Unavailable")
  })
})

describe("TCP", () => {
  /** How a dial ends, and after how many virtual ms. */
  const outcome = (
    host: string,
    options: HostOptions = {},
    build: (sim: World) => Effect.Effect<unknown> = () => Effect.void
  ) =>
    value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        let result: readonly [string, number] | undefined
        const program: Effect.Effect<void, never, Services> = Effect.gen(function* () {
          const before = sim.now()
          const dialed = yield* (yield* Dialer)
            .dial({ host, port: 80 }, () => ({ onData() {}, onClose() {} }))
            .pipe(Effect.either)
          result = [Either.isRight(dialed) ? "connected" : dialed.left.reason, Math.round(sim.now() - before)]
        }).pipe(Effect.scoped)
        yield* sim.host(
          "server",
          { ipv4: "203.0.113.2", ipv6: "2001:db8::80" },
          sink(() => {})
        )
        yield* sim.host("closed", {}, echo)
        yield* build(sim)
        yield* sim.host("client", options, program)
        yield* Effect.sleep("1 minute")
        return result
      })
    )

  it("connects by name, by address and through NATs, in one round trip", async () => {
    expect(await outcome("server")).toEqual(["connected", 2])
    expect(await outcome("203.0.113.2", { nat: Nat.symmetric })).toEqual(["connected", 2])
    expect(await outcome("2001:db8::80", { ipv6: "auto", ipv4: "none" })).toEqual(["connected", 2])
    expect(await outcome("server", { ipv6: "auto", ipv4: "none" })).toEqual(["connected", 2])
  })

  it("is refused at once, unreachable at once, and silent for as long as the caller waits", async () => {
    expect(await outcome("closed")).toEqual(["Refused", 2])
    expect(await outcome("nobody")).toEqual(["HostNotFound", 0])
    expect(await outcome("2001:db8::80")).toEqual(["Unreachable", 0])
    expect(await outcome("server", {}, (sim) => sim.begin({ kind: "crash", host: "server" }))).toEqual([
      "TimedOut",
      5000
    ])
    expect(await outcome("server", {}, (sim) => sim.partition(["server"], ["client"]))).toEqual(["TimedOut", 5000])
  })

  it("connects late when the first packets are lost", async () => {
    const cut = (sim: World) =>
      sim.follow([{ id: 0, atMs: 0, forMs: 2500, fault: { kind: "partition", from: "server" } }])
    expect(await outcome("server", {}, cut)).toEqual(["connected", 3002])
  })

  it("says so when a machine has come back without the connection", async () => {
    const reason = await value(
      [],
      Effect.gen(function* () {
        const sim = yield* Sim
        let seen = ""
        yield* sim.host(
          "server",
          {},
          sink(() => {})
        )
        const client = Effect.gen(function* () {
          const connection = yield* (yield* Dialer).dial({ host: "server", port: 80 }, () => ({
            onData() {},
            onClose: (why) => {
              seen = why
            }
          }))
          for (;;) {
            yield* Effect.sleep("1 second")
            connection.send(new Uint8Array(1))
          }
        }).pipe(Effect.scoped)
        yield* sim.host("client", {}, client)
        yield* Effect.sleep("2 seconds")
        yield* yield* sim.begin({ kind: "crash", host: "server" })
        yield* Effect.sleep("5 seconds")
        return seen
      })
    )
    expect(reason).toBe("reset")
  })
})

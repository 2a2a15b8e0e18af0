import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { DEFAULT_LIMITS } from "../../src/core/rendezvous/Relay.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Control from "../../src/protocol/Control.js"
import * as Sim from "../../src/sim/Sim.js"
import { SERVER, type World, world } from "./World.js"

/** 480 kB. */
const TEXTS = Array.from({ length: 120 }, (_, at) => String(at).padEnd(4_000, "."))

const textOf = (data: Uint8Array) => Bytes.toText(data) ?? ""

/** Alice, who takes no way but the relay, has asked for bob. */
const relayed = (world: World) =>
  Effect.gen(function* () {
    yield* world.server()
    const alice = yield* world.person("alice", { path: "relay-only" })
    const bob = yield* world.person("bob")
    yield* Effect.sleep("1 second")
    yield* alice.client.query("bob")
    return { alice, bob }
  })

describe("a client whose packets find no direct way", () => {
  it("talks over the server's relay by UDP, and shows nobody its address", () =>
    world(function* (world) {
      const { alice, bob } = yield* relayed(world)
      yield* alice.client.send("bob", "hi")
      expect((yield* bob.next("Message")).text).toBe("hi")
      expect((yield* alice.next("Connected")).path).toMatchObject({ kind: "relay", address: `${SERVER}:9090` })
      yield* bob.client.query("alice")
      yield* bob.client.send("alice", "hello")
      expect((yield* alice.next("Message")).text).toBe("hello")
      // Only the two ports of the server.
      expect([...alice.cable.sentTo].sort()).toEqual([`${SERVER}:9090`, `${SERVER}:9091`])
      expect(alice.cable.sent.some((data) => data[0] === 5)).toBe(true)
    }))

  it("talks over the control link where UDP is blocked, and moves to UDP and on to a direct path when it is not any more", () =>
    world(function* (world) {
      yield* world.server()
      const alice = yield* world.client()
      alice.cable.udp = false
      yield* alice.client.register("alice")
      const bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.client.send("bob", "through the wall")
      expect((yield* bob.next("Message")).text).toBe("through the wall")
      expect((yield* alice.next("Connected")).path.kind).toBe("relay")
      expect(alice.cable.sent).toEqual([])
      alice.cable.udp = true
      for (let i = 0; i < 80; i++) {
        yield* alice.client.send("bob", `message ${i}`)
        yield* Effect.sleep("1 second")
      }
      expect((yield* alice.next("PathChanged")).path.kind).toBe("direct")
      expect(bob.texts).toEqual(["through the wall", ...Array.from({ length: 80 }, (_, i) => `message ${i}`)])
    }))

  it.each([
    ["by UDP, though the goodbye to the server is faster", true],
    ["over the control link, where UDP is blocked", false]
  ])("is heard to leave: %s", (_, udp) =>
    world(function* (world) {
      const sim = yield* Sim.Sim
      yield* world.server()
      const alice = yield* world.client({ path: "relay-only" })
      alice.cable.udp = udp
      yield* alice.client.register("alice")
      const bob = yield* world.person("bob")
      yield* Effect.sleep("1 second")
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.client.send("bob", "hi")
      yield* bob.next("Message")
      yield* sim.rule(({ protocol, to }) => (protocol === "udp" && to === "server" ? { delayMs: 50 } : "pass"))
      yield* alice.client.exit()
      yield* bob.next("Disconnected", { nick: "alice", reason: "left" })
    })
  )

  it("sends as much as the relay carries, and no more: next to nothing is lost to its limit", async () => {
    const limits = { channel: { burst: 64 * 1024, perSecond: 64 * 1024 } }
    const run = (told: boolean) => {
      let outcome = { seconds: 0, lost: 0, sent: 0 }
      const program = world(
        function* (world) {
          const sim = yield* Sim.Sim
          yield* world.server({ relay: { ...DEFAULT_LIMITS, ...limits } })
          // A server of before does not tell.
          if (!told)
            yield* sim.rule(({ data, from, protocol }) =>
              protocol === "tcp" && from === "server" && textOf(data).includes('"relayRate"')
                ? { data: Bytes.fromText(textOf(data).replace('"relayRate"', '"relayXXXX"')) }
                : "pass"
            )
          const alice = yield* world.person("alice", { path: "relay-only" })
          const bob = yield* world.person("bob")
          yield* alice.client.query("bob")
          yield* bob.client.query("alice")
          yield* alice.next("Mutual")
          const begun = sim.now()
          yield* alice.client.sendAll("bob", TEXTS)
          while (bob.texts.length < TEXTS.length) yield* Effect.sleep("100 millis")
          const { lost, sent } = yield* alice.client.why("bob")
          outcome = { seconds: (sim.now() - begun) / 1000, lost, sent }
        },
        { link: { latencyMs: 20, jitterMs: 0 } }
      )
      return program.then(() => outcome)
    }
    const paced = await run(true)
    expect(paced.lost / paced.sent).toBeLessThan(0.01)
    // What the burst does not carry, at the rate of the relay, 64 bytes of it for each packet.
    const carried = (TEXTS.length * 4_000 - limits.channel.burst) / limits.channel.perSecond
    expect(carried / paced.seconds).toBeGreaterThan(0.82)
    const blind = await run(false)
    expect(blind.lost / blind.sent).toBeGreaterThan(0.05)
  })

  it("is not cut off when the relay stops answering by UDP in the middle of a conversation", () =>
    world(function* (world) {
      const { alice, bob } = yield* relayed(world)
      yield* bob.client.query("alice")
      yield* alice.client.send("bob", "before")
      yield* bob.next("Message")
      alice.cable.udp = false
      for (let i = 0; i < 10; i++) {
        yield* alice.client.send("bob", `after ${i}`)
        yield* bob.client.send("alice", `after ${i}`)
        yield* Effect.sleep("1 second")
      }
      expect(bob.texts.length).toBe(11)
      expect(alice.texts.length).toBe(10)
      expect(alice.count("Disconnected")).toBe(0)
    }))

  it("is introduced again, and goes on, when the server restarts", () =>
    world(function* (world) {
      const server = yield* world.server()
      const alice = yield* world.person("alice", { path: "relay-only" })
      const bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.client.send("bob", "before")
      yield* bob.next("Message")
      yield* server.stop
      yield* world.server()
      yield* alice.client.send("bob", "after")
      expect((yield* bob.next("Message")).text).toBe("after")
      expect(alice.count("Disconnected")).toBe(0)
    }))

  it("asks again itself when it comes back to the server after its peer did", () =>
    world(function* (world) {
      const server = yield* world.server()
      const alice = yield* world.person("alice", { path: "relay-only" })
      const bob = yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* alice.client.send("bob", "before")
      yield* bob.next("Message")
      alice.cable.unplug()
      yield* server.stop
      yield* world.server()
      yield* bob.next("Registered")
      alice.cable.plug()
      yield* alice.client.send("bob", "after")
      expect((yield* bob.next("Message")).text).toBe("after")
      expect(alice.count("Disconnected")).toBe(0)
    }))

  it("finds nobody when the server has no relay and it wants nothing else", () =>
    world(function* (world) {
      yield* world.server({ relay: undefined })
      const alice = yield* world.person("alice", { path: "relay-only" })
      yield* world.person("bob")
      yield* alice.client.query("bob")
      yield* alice.client.send("bob", "hi")
      expect((yield* alice.next("Disconnected")).reason).toBe("unreachable")
    }))
})

describe("the control link", () => {
  it("carries the largest packet in a line", () => {
    const line = JSON.stringify({ _tag: "Relay", channel: "A".repeat(11), packet: "A".repeat(1600) })
    expect(line.length).toBeLessThan(Control.MAX_LINE)
  })
})

import { describe, expect, test } from "vitest"
import { Channels } from "../../src/core/rendezvous/Channels.js"
import { Directory } from "../../src/core/rendezvous/Directory.js"
import { KeptNames } from "../../src/core/rendezvous/KeptNames.js"
import { Networks } from "../../src/core/rendezvous/Networks.js"
import { Places } from "../../src/core/rendezvous/Places.js"
import { DEFAULT_LIMITS as DEFAULT_STUN } from "../../src/core/rendezvous/Reflector.js"
import { RefusalLog } from "../../src/core/rendezvous/RefusalLog.js"
import { RegistryMachine } from "../../src/core/rendezvous/RegistryMachine.js"
import { DEFAULT_LIMITS, Relay } from "../../src/core/rendezvous/Relay.js"
import { SourceLimiter } from "../../src/core/rendezvous/SourceLimiter.js"
import { DeadlineWheel, type Timed } from "../../src/core/support/DeadlineWheel.js"
import { FairQueue } from "../../src/core/support/FairQueue.js"
import { LinkedMap } from "../../src/core/support/LinkedMap.js"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Nickname from "../../src/domain/Nickname.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Envelope from "../../src/protocol/RelayEnvelope.js"
import { Announcer, type Watcher } from "../../src/server/Announcer.js"
import { Proofs } from "../../src/server/Proofs.js"
import { defaults } from "../../src/server/ServerOptions.js"
import { claim, identity, nickname, registration } from "../core/rendezvous/support.js"
import { operationsOf } from "../support/Operations.js"
import { Place } from "./Place.js"

const FEW = 100
const MANY = 1_600

/** The same work beside few others and beside many must not cost more; half as much again is for edges of leaves. */
const expectNoGrowth = (costBeside: (others: number) => number): void => {
  const [few, many] = [costBeside(FEW), costBeside(MANY)]
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThanOrEqual(1.5 * few)
}

const addressOf = (number: number): string => `203.${number >> 16}.${(number >> 8) & 255}.${number & 255}`

test("operations are counted, and what grows is seen to grow", () => {
  const list = Array.from({ length: 50 }, (_, at) => at)
  expect(operationsOf(() => list.indexOf(49))).toBe(50)
  expect(operationsOf(() => new Map([[1, 1]]).get(1))).toBeGreaterThan(0)
  expect(operationsOf(() => [...new Set(list).keys()].length)).toBeGreaterThanOrEqual(50)
  const linked = new LinkedMap<number, number>()
  for (const each of list) linked.set(each, each)
  expect(operationsOf(() => [...linked])).toBeGreaterThanOrEqual(50)
  const growing = (others: number) => operationsOf(() => Array.from({ length: others }, () => 0).shift())
  expect(growing(MANY)).toBeGreaterThan(1.5 * growing(FEW))
})

describe("costs the same beside few and beside many:", () => {
  test("a client of a server that comes, registers, watches, asks, talks over the relay, moves and goes", () => {
    expectNoGrowth((others) => {
      const place = new Place({ maxConnections: 10_000, maxNames: 10_000, relay: DEFAULT_LIMITS })
      for (let number = 0; number < others; number++) {
        const client = place.register(number)
        client.say({ _tag: "Watch", id: 2, nicks: [`n-${number + 1}`, "nobody"] })
        client.say({ _tag: "Query", id: 3, nick: `n-${Math.max(0, number - 1)}` })
        place.world.pass(50)
      }
      // Everybody has been told, and nobody waits for a turn.
      place.world.pass(5_000)
      const probe = (nick: string) => {
        const client = place.connect(50_000)
        client.say({ _tag: "Register", id: 1, nick })
        client.say({ _tag: "Watch", id: 2, nicks: ["n-5"] })
        client.say({ _tag: "Query", id: 3, nick: "n-5" })
        const peer = JSON.parse(client.said.find((line) => line.includes('"_tag":"Peer"')) ?? "{}")
        client.say({ _tag: "Relay", channel: peer.channel, packet: "AAAA" })
        client.say({ _tag: "Update", id: 4, endpoints: [] }, { _tag: "Ping", id: 5 })
        expect(client.tags().slice(-2)).toEqual(["Updated", "Pong"])
        client.leave()
      }
      probe("first")
      place.world.pass(1_000)
      return operationsOf(() => probe("probe"))
    })
  })

  test("a name that is claimed, lost and held, and one that is held no more", () => {
    expectNoGrowth((others) => {
      const machine = new RegistryMachine({ graceMs: 60_000, maxNames: 10_000, reserved: [] })
      for (let number = 0; number < others; number++) {
        machine.claim(claim(String(number), `held-${number}`), "r", 0)
        machine.release(String(number) as never, true, number)
      }
      return operationsOf(() => {
        machine.claim(claim("probe", "probe"), "r", 0)
        machine.release("probe" as never, true, others)
        // The first alone.
        machine.handleTimeout(60_000)
        machine.pollTimeout()
      })
    })
  })

  test("a held name that makes room for another one", () => {
    expectNoGrowth((others) => {
      const machine = new RegistryMachine({ graceMs: 60_000, maxNames: others, reserved: [] })
      for (let number = 0; number < others; number++) {
        machine.claim(claim(String(number), `held-${number}`), "r", 0)
        machine.release(String(number) as never, true, number)
      }
      return operationsOf(() => machine.claim(claim("probe", "probe"), "r", 0))
    })
  })

  test("an entry of the list that comes, is read and goes", () => {
    expectNoGrowth((others) => {
      const directory = new Directory()
      for (let number = 0; number < others; number++) directory.put(registration(`n-${number}`, { epoch: number + 1 }))
      return operationsOf(() => {
        directory.put(registration("n-77-probe", { epoch: 99_999 }))
        directory.page({ after: "n-77", limit: 10 })
        directory.remove(Nickname.key("n-77-probe"))
      })
    })
  })

  test("an event for one who watches, and watching itself", () => {
    expectNoGrowth((others) => {
      const directory = new Directory()
      const announcer = new Announcer(directory)
      const watchers: ReadonlyArray<Watcher> = Array.from({ length: others }, () => ({
        sendPresence: () => true
      }))
      for (const [number, watcher] of watchers.entries()) announcer.watch(watcher, [`n-${number}`, `o-${number}`])
      const all: Watcher = { sendPresence: () => true }
      return operationsOf(() => {
        announcer.watch(all, ["n-5"])
        announcer.announce(directory.put(registration("n-5", { epoch: 1 }))!, 0)
        announcer.handleTimeout(100)
        announcer.remove(all)
      })
    })
  })

  test("an event for one who watches a fingerprint", () => {
    expectNoGrowth((others) => {
      const directory = new Directory()
      const announcer = new Announcer(directory)
      const owner = (number: number) => identity(String(number))
      for (let number = 0; number < others; number++) {
        directory.put(registration(`n-${number}`, { epoch: number + 1, identity: owner(number) }))
        announcer.watch({ sendPresence: () => true }, [owner(number).fingerprint, owner(7).fingerprint])
      }
      const one: Watcher = { sendPresence: () => true }
      return operationsOf(() => {
        expect(announcer.watch(one, [owner(5).fingerprint])).toHaveLength(1)
        announcer.announce(directory.remove(Nickname.key("n-5"))!, 0)
        announcer.handleTimeout(100)
        announcer.remove(one)
      })
    })
  })

  test("a connection of an address, and its place", () => {
    expectNoGrowth((others) => {
      const networks = new Networks(defaults.address)
      const places = new Places<object>(10_000)
      const enter = (number: number) => {
        const session = {}
        const source = networks.enter(Endpoint.make(addressOf(number), 40_000)!, 0)!
        places.roomFor(source.crowd, 0)
        places.arrive(session, source.crowd, 0)
        places.registered(session, number % 2 === 0)
        return () => {
          places.leave(session)
          source.leave(false)
        }
      }
      for (let number = 0; number < others; number++) enter(number)
      return operationsOf(() => enter(90_000)())
    })
  })

  test("a place that somebody has to make on a full server", () => {
    expectNoGrowth((others) => {
      const places = new Places<number>(others)
      for (let number = 0; number < others; number++) places.arrive(number, `crowd-${number % 7}`, 0)
      return operationsOf(() => {
        const { victim } = places.roomFor("newcomer", 0)!
        places.leave(victim!)
        places.arrive(99_999, "newcomer", 0)
      })
    })
  })

  test("a nickname that is kept, seen again and released", () => {
    expectNoGrowth((others) => {
      const kept = new KeptNames()
      for (let number = 0; number < others; number++) kept.keep(nickname(`n-${number}`), `key-${number}`, 0)
      return operationsOf(() => {
        for (const nick of ["a", "b", "c", "d", "e"]) kept.keep(nickname(`probe-${nick}`), "key-probe", 0)
        kept.keep(nickname("probe-e"), "key-probe", 2 * 86_400_000)
        expect([kept.ownersOf(nickname("probe-a")), kept.ownersOf(nickname("probe-b"))]).toEqual([
          [],
          ["key-probe", "key-probe"]
        ])
        expect(kept.knows("key-probe")).toBe(true)
        kept.release(nickname("probe-e"))
      })
    })
  })

  test("a line about somebody who is turned away, and a datagram of a stranger", () => {
    expectNoGrowth((others) => {
      const log = new RefusalLog(0)
      const limiter = new SourceLimiter(DEFAULT_STUN.each, DEFAULT_STUN.all, 0)
      for (let number = 0; number < others; number++) {
        expect(log.note(addressOf(number), "full", 1_000 * number)).toBeDefined()
        limiter.take(Endpoint.make(addressOf(number), 4_000)!, number)
      }
      return operationsOf(() => {
        log.note(addressOf(90_000), "full", 1_000 * others)
        log.note(addressOf(others - 1), "full", 1_000 * others)
        limiter.take(Endpoint.make(addressOf(90_000), 4_000)!, others)
        limiter.take(Endpoint.make(addressOf(0), 4_000)!, others)
      })
    })
  })

  test("a proof that waits for its turn", () => {
    expectNoGrowth((others) => {
      const verdicts: Array<() => void> = []
      const proofs = new Proofs({ verify: (_, done) => verdicts.push(() => done(true)) })
      const ask = (number: number) =>
        proofs.verify(
          { key: String(number), crowd: `crowd-${number % 50}` },
          { checks: [], isWanted: () => true, done: () => {} }
        )
      for (let number = 0; number < others; number++) ask(number)
      expect(proofs.size).toBe(others)
      return operationsOf(() => {
        ask(90_000)
        verdicts[0]!()
      })
    })
  })

  test("a channel of the relay, by link and by datagram", () => {
    expectNoGrowth((others) => {
      const channels = new Channels(crypto, new Uint8Array(32))
      const random = (length: number) => new Uint8Array(length).fill(7)
      const relay = new Relay<string>({ limits: DEFAULT_LIMITS, channels, isLive: () => true, random })
      const talk = (number: number) => {
        const { channel, token } = channels.between(2 * number, 2 * number + 1).left
        const [name, secret] = [Bytes.fromBase64Url(channel)!, Bytes.fromBase64Url(token)!]
        const from = Endpoint.make(addressOf(number), 4_000)!
        relay.handleLine(2 * number + 1, channel, "AAAA", 0)
        relay.handleDatagram(from, "", Envelope.toServer(name, secret, new Uint8Array()), 0)
        const asked = Envelope.readFromServer(relay.pollQuestion()!.data)!
        relay.handleDatagram(from, "", Envelope.toServer(name, secret, asked.packet), 0)
        expect(relay.handleLine(2 * number + 1, channel, "AAAA", 0)).toMatchObject({ _tag: "Datagram" })
      }
      for (let number = 0; number < others; number++) talk(number)
      expect(relay.size).toBe(others)
      return operationsOf(() => {
        talk(90_000)
        relay.sessionEnded(180_000)
      })
    })
  })

  test("a turn, and a deadline", () => {
    expectNoGrowth((others) => {
      const queue = new FairQueue<number>()
      const wheel = new DeadlineWheel<Timed>()
      const timed = (at: number): Timed => ({ pollTimeout: () => at, handleTimeout: () => {} })
      for (let number = 0; number < others; number++) {
        queue.add({ key: String(number), crowd: `crowd-${number % 50}` }, number)
        wheel.schedule(timed(45_000 + (number % 100)))
      }
      return operationsOf(() => {
        queue.add({ key: "probe", crowd: "probe" }, 99_999)
        queue.take()
        queue.delete(50)
        const own = timed(30_000)
        wheel.schedule(own)
        wheel.pollTimeout()
        wheel.remove(own)
      })
    })
  })
})

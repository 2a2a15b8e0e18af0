import { describe, expect, test } from "vitest"
import { DEFAULT_LIMITS } from "../../src/core/rendezvous/Relay.js"
import { defaults } from "../../src/server/ServerOptions.js"
import { identity, registration } from "../core/rendezvous/support.js"
import { operationsOf } from "../support/Operations.js"
import { Place } from "./Place.js"

describe("a server that may open few files", () => {
  test("lets in as many as it can carry, and says so at the start", () => {
    const place = new Place({ maxConnections: 1_000 })
    place.hub.limit(2_000)
    expect(place.server.logged).toEqual([])
    place.hub.limit(100)
    expect(place.server.logged).toEqual(["too few open files allowed (ulimit -n) for all connections"])
    const tags = Array.from({ length: 200 }, (_, i) => place.connect(i).tags())
    expect(place.hub.size).toBe(75)
    expect(tags.filter(([tag]) => tag === "Busy")).toHaveLength(125)
  })

  test("does not let in more than it can carry by being told to", () => {
    const place = new Place({ maxConnections: 10 })
    place.hub.limit(100)
    place.hub.change({ maxConnections: 5 })
    for (let i = 0; i < 10; i++) place.connect(i)
    expect(place.hub.size).toBe(5)
    place.hub.change({ maxConnections: 1_000, motd: "more room" })
    const welcomes = Array.from({ length: 200 }, (_, i) => place.connect(100 + i).said[0]!)
    expect(place.hub.size).toBe(75)
    expect(welcomes[0]).toContain('"motd":"more room"')
  })

  test("says once a minute that connections are lost", () => {
    const { hub, server, world } = new Place()
    for (let i = 0; i < 1_000; i++) hub.trouble("connections are lost")
    expect(server.logged).toHaveLength(1)
    world.pass(61_000)
    for (let i = 0; i < 1_000; i++) hub.trouble("connections are lost")
    expect(server.logged).toHaveLength(2)
  })
})

test("whoever is turned away is told within a tenth of a second, and no more than 256 at a time", () => {
  const place = new Place()
  const clients = Array.from({ length: 1_000 }, (_, i) => place.connect(i, "203.0.113.1"))
  const refused = clients.filter(({ tags }) => tags()[0] !== "Welcome")
  expect(refused).toHaveLength(1_000 - 16)
  const told = refused.filter(({ tags }) => tags()[0] === "Busy")
  expect(told).toHaveLength(256)
  expect(told.every(({ fate }) => fate.ending! <= 100)).toBe(true)
  expect(refused.filter(({ fate }) => fate.destroyed)).toHaveLength(refused.length - 256)
  told[0]!.leave()
  expect(place.connect(2_000, "203.0.113.1").tags()).toEqual(["Busy"])
  // One address is told of once, whatever it does.
  expect(place.server.logged).toEqual(["refused"])
})

test("the last places are for identities that were here since the start, or that a nickname is kept for", () => {
  const place = new Place({ maxConnections: 16 })
  const { hub } = place
  for (let number = 0; number < 15; number++) place.register(number)
  place.connect(15)
  const [first, ...others] = hub.sessions()
  const late = others.at(-1)!
  const known = identity("known")
  expect(hub.admit(late, known.key)).toBe(false)
  hub.registered(first!, registration("n-0", { identity: known }))
  expect([hub.admit(late, known.key), hub.admit(late, "key-other"), hub.admit(late, undefined)]).toEqual([
    true,
    false,
    false
  ])
  Object.assign(hub.registry, { knows: (key: string) => key === "key-kept" })
  expect([hub.admit(late, "key-kept"), hub.admit(late, "key-other")]).toEqual([true, false])
  expect(hub.size).toBe(16)
})

test("a crowd whose time is over is ended a few at a time, and its addresses are nobody's then", () => {
  const place = new Place()
  const { hub, world } = place
  const client = place.register(1)
  const address = "203.0.0.1"
  expect([hub.isAt(address), hub.isAt("203.0.0.2")]).toEqual([true, false])
  client.leave()
  expect(hub.isAt(address)).toBe(false)
  for (let number = 0; number < 500; number++) place.connect(number)
  // All at once, and nothing in between.
  world.now += 10_500
  const sizes: Array<number> = []
  for (let due = hub.pollTimeout(); due !== undefined && due <= world.now; due = hub.pollTimeout()) {
    hub.handleTimeout(world.now)
    sizes.push(hub.size)
  }
  expect(sizes).toEqual([400, 300, 200, 100, 0])
})

describe("whoever comes from one address", () => {
  const OFFICE = "192.0.2.77"
  const crowd = (place: Place, count: number) => Array.from({ length: count }, (_, i) => place.connect(i, OFFICE))
  const welcome = (clients: ReturnType<typeof crowd>) => clients.filter(({ tags }) => tags()[0] === "Welcome")

  test("has no limit where the operator says so, as long as he does", () => {
    const place = new Place({ exempt: ["192.0.2.0/24"] })
    expect(welcome(crowd(place, 100))).toHaveLength(100)
    place.hub.change({ exempt: [] })
    expect(welcome(crowd(place, 100))).toHaveLength(16)
    place.hub.change({ exempt: ["192.0.2.77"] })
    expect(welcome(crowd(place, 100))).toHaveLength(100)
  })

  test("comes back as often as the server restarts, and otherwise not again and again", () => {
    const place = new Place()
    for (const [round, most] of [16, 16, 0].entries()) {
      const clients = crowd(place, 16)
      expect(welcome(clients), `round ${round}`).toHaveLength(most)
      for (const client of clients) client.leave()
    }
    for (let round = 0; round < 3; round++) expect(welcome(crowd(new Place(), 16))).toHaveLength(16)
  })

  test("has a place again for each that stayed for a minute", () => {
    const place = new Place({ session: { ...defaults.session, idleMs: 600_000, registerMs: 600_000 } })
    for (let round = 0; round < 10; round++) {
      const clients = crowd(place, 16)
      expect(welcome(clients), `round ${round}`).toHaveLength(16)
      place.world.pass(60_000)
      for (const client of clients) client.leave()
    }
  })
})

test("after a long pause of the process what has come is read before anybody is judged", () => {
  const place = new Place()
  const [lively, silent] = [place.register(1), place.register(2)]
  const { hub, world } = place
  // Nothing happens for as long, not even the alarm.
  world.now += 90_000
  hub.handleTimeout(world.now)
  expect(place.server.logged).toEqual(["this process stood still"])
  expect(hub.size).toBe(2)
  lively.say({ _tag: "Ping", id: 2 })
  world.now += 5_000
  hub.handleTimeout(world.now)
  expect(lively.tags().at(-1)).toBe("Pong")
  expect(silent.fate).toHaveProperty("ending")
  expect(lively.fate).toEqual({})
  expect(hub.size).toBe(1)
})

test("a server says goodbye to each of many in one step, with one line, and tells nobody of the others", () => {
  const costOf = (count: number): number => {
    const place = new Place({ maxConnections: 10_000, maxNames: 10_000 })
    const clients = Array.from({ length: count }, (_, number) => {
      const client = place.register(number)
      client.say({ _tag: "Watch", id: 2 }, { _tag: "Watch", id: 3, nicks: [`n-${(number + 1) % count}`] })
      return client
    })
    place.world.pass(5_000)
    const before = clients.map(({ said }) => said.length)
    const cost = operationsOf(() => place.hub.close())
    place.world.pass(5_000)
    for (const [at, { fate, said, tags }] of clients.entries()) {
      expect([said.length - before[at]!, tags().at(-1)]).toEqual([1, "Restarting"])
      expect(fate).toHaveProperty("ending")
    }
    expect(place.connect(9_999).tags()).toEqual(["Busy"])
    return cost / count
  }
  expect(costOf(800)).toBeLessThanOrEqual(1.2 * costOf(50))
})

test("whoever comes again before the time that he was told is read no more until then", () => {
  const place = new Place()
  const client = place.register(1)
  const ask = () => client.say({ _tag: "Query", id: 1, nick: "nobody" })
  const last = () => JSON.parse(client.said.at(-1)!)
  while (last()._tag !== "RateLimited") {
    ask()
    place.world.pass(1)
  }
  expect(client.fate).toEqual({})
  ask()
  ask()
  expect(client.fate).toEqual({ paused: true })
  const { retryAfterMs } = last()
  const answers = client.said.length
  place.world.pass(retryAfterMs - 100)
  expect([client.fate, client.said.length]).toEqual([{ paused: true }, answers])
  place.world.pass(200)
  expect(client.fate).toEqual({})
  expect(client.said.length).toBe(answers + 1)
})

test("a larger crowd is told to come back later, and over a longer time", () => {
  const place = new Place({ maxConnections: 10_000, restart: { inMs: 1_000, spreadMs: 5_000 } })
  const clients = Array.from({ length: 6_000 }, (_, i) => place.connect(i))
  place.hub.close()
  expect(JSON.parse(clients.at(-1)!.said.at(-1)!)).toEqual({ _tag: "Restarting", inMs: 1_500, spreadMs: 7_500 })
})

test("nothing is left of a crowd that filled every table that a client can fill", () => {
  const place = new Place({ relay: DEFAULT_LIMITS })
  for (let round = 0; round < 20; round++) {
    const nicks = Array.from({ length: 40 }, (_, i) => `n-${round}-${i}`)
    const clients = nicks.map((nick, i) => place.register(round * 100 + i, nick))
    for (const [i, client] of clients.entries()) {
      client.say({ _tag: "Watch", id: 2 }, { _tag: "Watch", id: 3, nicks: nicks.slice(0, 24) })
      client.say({ _tag: "Query", id: 4, nick: nicks[(i + 1) % nicks.length] })
    }
    place.world.pass(1_000)
    for (const client of clients) {
      const peer = client.said.find((line) => line.includes('"_tag":"Peer"')) ?? "{}"
      client.say({ _tag: "Relay", channel: JSON.parse(peer).channel, packet: "AAAA" })
    }
    place.world.pass(1_000)
    const full = place.hub.stats()
    expect(full).toMatchObject({ connections: 40, watchers: 40, live: 40, relay: { channels: 40 } })
    for (const client of clients) client.leave()
    place.world.pass(round % 2 === 0 ? 61_000 : 1_000)
  }
  place.world.pass(61_000)
  const { connections, live, names, relay, watched, watchers } = place.hub.stats()
  expect({ connections, live, names, watched, watchers, channels: relay?.channels }).toEqual({
    connections: 0,
    live: 0,
    names: 0,
    watched: 0,
    watchers: 0,
    channels: 0
  })
})

test("of a crowd that wants to encrypt a few are answered in a turn, and a newcomer before most of it", () => {
  const place = new Place()
  const crowd = Array.from({ length: 500 }, (_, i) => place.connect(i))
  const newcomer = place.connect(1, "198.51.100.1")
  const order: Array<string> = []
  for (const client of crowd) client.greet(() => order.push("crowd"))
  expect(order.length).toBeLessThan(10)
  newcomer.greet(() => order.push("newcomer"))
  place.world.pass(1_000)
  expect(order).toHaveLength(501)
  expect(order.indexOf("newcomer")).toBeLessThan(10)
})

describe("a client whose requests wait for their turn", () => {
  const busy = () => {
    const place = new Place()
    const client = place.register(1)
    place.hub.turns.spent(100_000)
    return { place, client }
  }

  test("is read on for a while, and no further", () => {
    const { client, place } = busy()
    client.say({ _tag: "Ping", id: 2 })
    expect(client.tags().at(-1)).toBe("Registered")
    expect(client.fate).toEqual({})
    client.say({ _tag: "Ping", id: 3, more: "x".repeat(2_100) })
    expect(client.fate).toEqual({})
    client.say({ _tag: "Ping", id: 4, more: "x".repeat(2_100) })
    expect(client.fate).toEqual({ paused: true })
    place.world.pass(1)
    expect(client.tags().slice(-3)).toEqual(["Pong", "Pong", "Pong"])
    expect(client.fate).toEqual({})
  })

  test("gets its answers when it has ended its side meanwhile, and goes then", () => {
    const { client, place } = busy()
    client.say({ _tag: "Ping", id: 2 })
    client.finish()
    expect(client.fate).toEqual({})
    place.world.pass(1)
    expect(client.tags().at(-1)).toBe("Pong")
    expect(client.fate).toHaveProperty("ending")
    expect(place.hub.stats()).toMatchObject({ connections: 0, live: 0, names: 1, endings: { lost: 1 } })
  })

  test("goes at once when it has ended its side and waits for nothing", () => {
    const place = new Place()
    const client = place.register(1)
    client.finish()
    expect(client.fate).toHaveProperty("ending")
    expect(place.hub.size).toBe(0)
  })
})

describe("a client that sends a line in pieces", () => {
  test("is read no faster than others whose requests cost as much, and read on later", () => {
    const place = new Place()
    const client = place.connect(1)
    let pieces = 0
    for (; client.fate.paused === undefined && pieces < 4_000; pieces++) client.piece(" ")
    // What a stranger may ask for at once, in pieces.
    expect(pieces).toBeLessThan(400)
    expect(pieces).toBeGreaterThan(100)
    place.world.pass(1_000)
    expect(client.fate.paused).toBeUndefined()
    client.say({ _tag: "Ping", id: 7 })
    place.world.pass(1_000)
    expect(client.tags()).toEqual(["Welcome", "Pong"])
  })
})

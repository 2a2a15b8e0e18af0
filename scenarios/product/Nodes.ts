import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { type Services, Sim, type SimHost } from "parley-chat/sim"
import * as Nickname from "../../src/domain/Nickname.js"
import * as Access from "../../src/server/Access.js"
import * as Nodes from "../../src/server/Nodes.js"
import * as Server from "../../src/server/Server.js"
import { defaults } from "../../src/server/ServerOptions.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Listener } from "../../src/services/Listener.js"
import { NodeLinks } from "../../src/services/NodeLinks.js"
import { EngineWorld } from "../support/EngineWorld.js"
import { Ledger } from "./Ledger.js"
import { Person } from "./Person.js"
import { settles } from "./Settling.js"
import type { Town } from "./Town.js"
import * as Users from "./Users.js"

/** People of two nodes: two of each. */
const PEOPLE = { alice: 0, anton: 0, bob: 1, berta: 1 }
const NODES = ["node0", "node1"]

/** Two nodes of one server, the engine that they share, and their people. */
interface Cluster extends Town {
  readonly engine: EngineWorld
  readonly nodes: ReadonlyArray<SimHost>
  /** What the operators of the nodes have decided, as each node knows it. */
  readonly access: ReadonlyMap<string, Access.AccessLists>
}

const make = Effect.gen(function* () {
  const sim = yield* Sim
  const ledger = new Ledger()
  yield* sim.always("every law", () => ledger.problem ?? true)
  const engine = new EngineWorld(sim.now)
  const access = new Map<string, Access.AccessLists>()
  const nodes: Array<SimHost> = []
  for (const [i, name] of NODES.entries()) {
    const at = `192.0.2.${200 + i}`
    nodes.push(yield* sim.host(name, { ipv4: at }, program({ at, engine, name, access })))
  }
  const people: Array<Person> = []
  for (const [name, at] of Object.entries(PEOPLE)) {
    const person = new Person(name, ledger, { server: NODES[at]! })
    person.host = yield* sim.host(name, {}, person.program)
    people.push(person)
  }
  const person = (name: string) => people.find((each) => each.name === name)!
  return { sim, ledger, server: nodes[0]!, people, person, engine, nodes, access } satisfies Cluster
})

interface NodeOptions extends Pick<Cluster, "engine"> {
  readonly at: string
  readonly name: string
  readonly access: Map<string, Access.AccessLists>
}

const program = ({ access, at, engine, name }: NodeOptions): Effect.Effect<never, unknown, Services> =>
  Effect.suspend(() => {
    const lists = Access.none()
    access.set(name, lists)
    const settings = { ...defaults, restart: { inMs: 0, spreadMs: 1_000 } }
    const node = { listen: { host: at, port: MESH_PORT }, at: `${at}:${MESH_PORT}`, secret: "a secret of all nodes" }
    const nodes = Nodes.layer(settings, node).pipe(Layer.provide(Layer.merge(engine.layer, links)))
    return Layer.launch(
      Server.layer(settings).pipe(Layer.provide(Layer.merge(nodes, Layer.succeed(Access.Access, lists))))
    )
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

/** The links between nodes are as good as the network; nobody listens in it who should not. */
const links: Layer.Layer<NodeLinks, never, Listener | Dialer> = Layer.effect(
  NodeLinks,
  Effect.map(Effect.all([Listener, Dialer]), ([{ listen }, { dial }]) => ({
    listen: ({ host, port }, accept) => Effect.asVoid(listen({ host, port }, accept)),
    dial: ({ host, port }, handler) => dial({ host, port }, handler)
  }))
)

const everybodyIsThere = ({ people, sim }: Town) =>
  sim.eventually("everybody has a nickname", () => people.every(({ registered }) => registered), "30 seconds")

/**
 * Two nodes do not reach each other for a while, and all else is well: whoever asks for somebody of the other node
 * is told at once that nobody is there, and finds them as soon as the nodes reach each other again.
 */
export function* cutLink() {
  const cluster = yield* make
  const { sim } = cluster
  const rng = sim.world.kernel.rng.fork("test")
  yield* everybodyIsThere(cluster)
  const [alice, bob, berta] = [cluster.person("alice"), cluster.person("bob"), cluster.person("berta")]
  yield* asksWithin(cluster, alice, bob, "ok", 2_000)
  const heal = yield* sim.begin({ kind: "partition", from: NODES[0]!, to: NODES[1]! })
  const until = sim.now() + 10 ** (3.5 + 1.7 * rng.unit())
  while (sim.now() < until) {
    yield* asksWithin(cluster, berta, cluster.person("anton"), "NoSuchPeer", 2_000)
    yield* Effect.sleep(rng.between(1_000, 4_000))
  }
  yield* heal
  // The first may have been asked into the link that was cut, which is given up.
  yield* asksWithin(cluster, berta, cluster.person("anton"), undefined, 2_000)
  yield* Effect.sleep(2_000)
  yield* asksWithin(cluster, berta, cluster.person("anton"), "ok", 2_000)
  yield* settles(cluster)
}

/** The nodes and the links between them are as bad as the seed likes: people talk, and all comes right afterwards. */
export function* badLinks() {
  const cluster = yield* make
  const { nodes, sim } = cluster
  const rng = sim.world.kernel.rng.fork("test")
  yield* everybodyIsThere(cluster)
  const between = { from: NODES[0]!, to: NODES[1]! }
  const faults = [
    { kind: "loss", probability: 0.3, ...between },
    { kind: "jitter", ms: 400, ...between },
    { kind: "reorder", probability: 0.5, ms: 300, ...between },
    { kind: "tcp-reset", probability: 0.2, ...between },
    { kind: "tcp-rechunk", bytes: 7, ...between },
    { kind: "clog", ...between },
    { kind: "partition", ...between }
  ] as const
  const trouble = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(rng.between(100, 6_000))
      if (rng.chance(0.15)) {
        const node = rng.pick(nodes)
        yield* Effect.uninterruptible(rng.pick([node.crash, node.kill, node.stop]))
        yield* Effect.sleep(rng.between(10, 15_000))
        yield* node.restart
      } else {
        const heal = yield* sim.begin(rng.pick(faults))
        yield* Effect.sleep(rng.between(100, 8_000))
        yield* heal
      }
    }
  }).pipe(Effect.timeoutOption(TROUBLE))
  const troubled = yield* Effect.fork(trouble)
  yield* Users.live(cluster, Users.talkative, TROUBLE)
  yield* Fiber.join(troubled)
  for (const node of nodes) yield* node.restart
  yield* settles(cluster)
}

/** The engine is away, or fails over and loses its last steps: whoever is here stays, and there is one of each name. */
export function* failsOver() {
  const cluster = yield* make
  const { access, engine, people, sim } = cluster
  const rng = sim.world.kernel.rng.fork("test")
  yield* everybodyIsThere(cluster)
  const failing = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(rng.between(500, 12_000))
      engine.isUp = false
      yield* Effect.sleep(rng.between(0, 15_000))
      // The last steps, or all of them: a Redis that starts without its data.
      if (rng.chance(0.6)) engine.failOver(rng.pick([5, 30, 1_000_000]), rng.between(-10_000, 10_000))
      engine.isUp = true
    }
  }).pipe(Effect.timeoutOption(TROUBLE))
  const nicks: Array<string> = []
  // What operators decide needs no engine.
  const deciding = Effect.gen(function* () {
    for (let i = 0; ; i++) {
      yield* Effect.sleep(rng.between(500, 10_000))
      nicks.push(`moon${i}`)
      access.get(rng.pick(NODES))!.bans.reserve(Either.getOrThrow(Nickname.parse(nicks.at(-1)!)), sim.now())
    }
  }).pipe(Effect.timeoutOption(TROUBLE))
  const fibers = yield* Effect.all([Effect.fork(failing), Effect.fork(deciding)])
  yield* Users.live(cluster, Users.talkative, TROUBLE)
  yield* Effect.forEach(fibers, Fiber.join)
  engine.isUp = true
  // Each node comes back after a random time of up to a second.
  yield* Effect.sleep(2_000)
  yield* settles(cluster)
  const holders = new Map([...engine.engine.names.values()].map(({ key, session }) => [key, session]))
  if (people.some(({ nick }) => !holders.has(nick)))
    throw new Error(`not all are in the engine: ${[...holders.keys()]}`)
  for (const [name, { bans }] of access)
    if (nicks.some((nick) => !bans.reserved().includes(nick))) throw new Error(`${name} does not know what was decided`)
}

const asksWithin = ({ sim }: Town, person: Person, peer: Person, expected: string | undefined, ms: number) =>
  Effect.gen(function* () {
    const before = sim.now()
    const code = yield* person.query(peer)
    if (expected !== undefined && code !== expected)
      throw new Error(`${person.name} asks for ${peer.name}: ${code} instead of ${expected} (at ${sim.now()} ms)`)
    if (sim.now() - before > ms) throw new Error(`${person.name} had to wait ${sim.now() - before} ms`)
  })

const MESH_PORT = 9095
/** Virtual ms of trouble. */
const TROUBLE = 60_000

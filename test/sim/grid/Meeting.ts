import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { Sim } from "parley/sim"
import type { ClientEvent } from "../../../src/client/Events.js"
import type { Person } from "../product/Person.js"
import * as Town from "../product/Town.js"
import type { Arrangement, Way } from "./Places.js"
import { AT_HOME } from "./Talk.js"

/** What came of one conversation. Times are virtual ms from the moment at which both sides had been introduced. */
export interface Meeting {
  /** On which path each side was in the end; `undefined` for none. */
  readonly ways: readonly [Way | undefined, Way | undefined]
  /** Until the first message, which was written at that moment, was shown. */
  readonly firstMs: number
  /** Until both sides were on a path that is no relay, and stayed there. */
  readonly directMs: number | undefined
}

/**
 * The real server and two real clients, one of which (bob under even seeds) asks for the other and writes at once; later the other asks back and
 * answers. All laws hold all the while, or the run fails; it fails as well when a message is not delivered.
 */
export const meet = ({ place, theory }: Arrangement): Effect.Effect<Meeting, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const [alice, bob] = yield* place
    const watchers = { alice: new Watcher(sim.now), bob: new Watcher(sim.now) }
    const town = yield* Town.make({
      people: ["alice", "bob"],
      serverHost: { ipv6: "auto" },
      person: (name) => ({
        host: name === "alice" ? alice : bob,
        onEvent: (event) => watchers[name as "alice" | "bob"].see(event)
      })
    })
    const [asker, asked] =
      sim.seed % 2 === 0 ? [town.person("bob"), town.person("alice")] : (town.people as [Person, Person])
    const [askers, askeds] = [watchers[asker.name as "alice"], watchers[asked.name as "alice"]]

    yield* sim.eventually("both are registered", () => asker.registered && asked.registered, "20 seconds")
    yield* Effect.sleep(AT_HOME)
    const answer = yield* asker.query(asked)
    if (answer !== "ok") return yield* Effect.fail(new Error(`the query got ${answer}`))
    const introduced = sim.now()
    yield* asker.say(asked)
    yield* sim.eventually("the first message is shown", () => askeds.messageAt !== undefined, "20 seconds")
    const since = Math.max(introduced, askeds.incomingAt ?? 0)
    const isDirect = () => askers.directAt !== undefined && askeds.directAt !== undefined
    if (theory === "relay") yield* Effect.sleep(PATIENCE)
    else yield* sim.eventually("both are on a direct path", isDirect, "40 seconds")

    yield* asked.query(asker)
    yield* Effect.all([asked.say(asker), asker.say(asked)])
    yield* sim.eventually("both have heard each other", () => town.ledger.outstanding.length === 0, "10 seconds")
    yield* Effect.sleep(AFTERWARDS)
    return {
      ways: [watchers.alice.way, watchers.bob.way],
      firstMs: askeds.messageAt! - since,
      directMs: isDirect() ? Math.max(0, askers.directAt! - since, askeds.directAt! - since) : undefined
    }
  })

/** Notes when things came about for one person. */
class Watcher {
  incomingAt: number | undefined
  messageAt: number | undefined
  /** Since when the conversation has not been on a relay. */
  directAt: number | undefined
  way: Way | undefined

  constructor(private readonly now: () => number) {}

  see(event: ClientEvent): void {
    if (event._tag === "Incoming") this.incomingAt ??= this.now()
    if (event._tag === "Message") this.messageAt ??= this.now()
    if (event._tag === "Disconnected") this.move(undefined)
    if (event._tag === "Connected" || event._tag === "PathChanged") this.move(event.path.kind)
  }

  private move(way: Way | undefined): void {
    this.way = way
    if (way === undefined || way === "relay") this.directAt = undefined
    else this.directAt ??= this.now()
  }
}

/** Virtual ms after which a direct path that theory denies would have come up. */
const PATIENCE = 8_000
/** Virtual ms in which a path that was chosen too early would be left again. */
const AFTERWARDS = 2_000

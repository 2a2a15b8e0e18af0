import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { Sim } from "parley-chat/sim"
import type { HistoryPage } from "../../src/core/history/HistoryPage.js"
import type { MessageId } from "../../src/domain/MessageId.js"
import type { Person } from "./Person.js"
import { settles } from "./Settling.js"
import * as Town from "./Town.js"

/** Virtual ms within which entries are written together. */
const GATHER = 50

/** What somebody was shown, over all lives of the client. */
interface Shown {
  readonly texts: Map<MessageId, string>
  /** How many of them were shown when the power failed last, if it did: what came before may not be remembered. */
  uncertain: number | undefined
}

/**
 * Two people talk while their programs and machines die. Afterwards the history of each is what was shown to them, in
 * that order, and what they said: all of it but the last moment of a program that was killed, and, where the power
 * failed, but the end of what had come before.
 */
export function* remembers() {
  const sim = yield* Sim
  /** When something happened to somebody. */
  const moments: Record<string, Array<number>> = { alice: [], bob: [] }
  const shown: Record<string, Shown> = {
    alice: { texts: new Map(), uncertain: undefined },
    bob: { texts: new Map(), uncertain: undefined }
  }
  const town = yield* Town.make({
    people: ["alice", "bob"],
    person: (name) => ({
      client: { history: true, readReceipts: true },
      onEvent: (event) => {
        if (event._tag !== "Message") return
        shown[name]!.texts.set(event.id, event.text)
        moments[name]!.push(sim.now())
      }
    })
  })
  yield* settles(town)
  const { ledger } = town
  const [alice, bob] = [town.person("alice"), town.person("bob")]
  const rng = sim.world.kernel.rng.fork("test")
  /** Messages that may be forgotten: those of the last moment before somebody was killed, and the one on the screen. */
  let lost = 0
  const chatting: Array<Fiber.Fiber<unknown, unknown>> = []
  for (let round = 0; round < 6; round++) {
    const victim = rng.pick([alice, bob])
    const chatter = (person: Person, peer: Person) => {
      const say = Effect.suspend(() => {
        moments[person.name]!.push(sim.now())
        return person.say(peer)
      })
      return Effect.repeatN(
        Effect.suspend(() => Effect.delay(say, rng.unit() * 200)),
        8
      )
    }
    chatting.push(yield* Effect.fork(chatter(alice, bob)), yield* Effect.fork(chatter(bob, alice)))
    yield* Effect.sleep(rng.unit() * 1_500)
    const how = rng.pick(["crash", "kill", "stop", "exit"] as const)
    const now = sim.now()
    yield* victim[how]
    if (how === "crash") shown[victim.name]!.uncertain = shown[victim.name]!.texts.size
    if (how === "kill") lost += moments[victim.name]!.filter((at) => at >= now - GATHER).length + 1
    yield* Effect.sleep(rng.unit() * 3_000)
    yield* victim.start
    yield* sim.eventually("everybody is back", () => alice.registered && bob.registered, "1 minute")
    yield* Effect.all([alice.query(bob), bob.query(alice)])
    yield* sim.eventually("all is delivered", () => ledger.outstanding.length === 0, "2 minutes")
  }
  yield* Fiber.joinAll(chatting)
  yield* sim.eventually("the rest is delivered", () => ledger.outstanding.length === 0, "2 minutes")
  yield* readsAll(bob, alice, shown.bob!)
  yield* Effect.sleep("10 seconds")

  for (const [person, peer] of [
    [alice, bob],
    [bob, alice]
  ] as const) {
    const { messages, more } = yield* historyOf(person)
    if (more !== 0) throw new Error("this is no test of the bounds")
    const { texts, uncertain } = shown[person.name]!
    const heard = messages.filter(({ direction }) => direction === "received").map(({ text }) => text)
    same(`what ${person.name} heard`, heard, [...texts.values()], uncertain ?? 0, lost)
    const said = messages.filter(({ direction }) => direction === "sent")
    const arrived = [...shown[peer.name]!.texts.values()]
    const certain = uncertain === undefined ? 0 : arrived.length
    same(
      `what ${person.name} said`,
      said.map(({ text }) => text),
      arrived,
      certain,
      lost
    )
    const last = said.at(-1)
    // A killed program may have forgotten the last one, and with it what its receipt would say of those before.
    const isLast = last?.text === arrived.at(-1)
    if (person === alice && uncertain === undefined && isLast && last?.state !== "read")
      throw new Error(`the last message of alice is ${last?.state}`)
  }
}

const readsAll = (person: Person, peer: Person, { texts }: Shown) => {
  const last = [...texts.keys()].at(-1)
  return last === undefined ? Effect.void : person.call((client) => client.read(peer.nick, last))
}

const historyOf = (person: Person): Effect.Effect<HistoryPage> =>
  Effect.map(
    person.call((client) => client.history({ limit: 1_000 })),
    (page) => {
      if (page === undefined || Either.isLeft(page)) throw new Error(`${person.name} has no history`)
      return page.right
    }
  )

/** `remembered` is `real` in its order, but for at most `missing` of what came after the first `uncertain`. */
const same = (
  what: string,
  remembered: ReadonlyArray<string>,
  real: ReadonlyArray<string>,
  uncertain: number,
  missing: number
) => {
  let at = 0
  let lost = 0
  for (const text of remembered) {
    const found = real.indexOf(text, at)
    if (found < 0) throw new Error(`${what}: ${text} is remembered twice, out of order, or never happened`)
    lost += countFrom(at, found, uncertain)
    at = found + 1
  }
  lost += countFrom(at, real.length, uncertain)
  if (lost > missing) throw new Error(`${what}: ${lost} messages are forgotten, where ${missing} may be`)
}

/** How many numbers from `from` to before `to` are not below `uncertain`. */
const countFrom = (from: number, to: number, uncertain: number): number => Math.max(0, to - Math.max(from, uncertain))

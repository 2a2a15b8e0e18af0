import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { mutual, type Person, type World, world } from "../World.js"
import { FaultyStore } from "./FaultyStore.js"

const TEXTS = ["one", "two", "three", "four"]

/** What is left of bytes that were not flushed: all, none, or some. */
const remains = (k: number) => (unsynced: number) => [0, unsynced, Math.floor(unsynced / 2)][k % 3]!

const crash = (person: Person, store: FaultyStore, step: number) =>
  Effect.suspend(() => {
    person.cable.unplug()
    store.restart(remains(step))
    return person.stop
  })

/**
 * Alice writes to bob, one message after the other; gives the texts that were accepted, and those of them that are
 * `sent`, by a process that is alive.
 */
const write = (alice: Person, isAlive: () => boolean = () => true) => {
  const accepted: Array<string> = []
  const sent: Array<string> = []
  const note = (texts: Array<string>, text: string) => Effect.sync(() => isAlive() && texts.push(text))
  return {
    accepted,
    sent,
    fiber: Effect.fork(
      Effect.forEach(TEXTS, (text) =>
        alice.client
          .send("bob", text)
          .pipe(
            Effect.zipRight(note(accepted, text)),
            Effect.zipRight(alice.client.flushed),
            Effect.zipRight(note(sent, text))
          )
      )
    )
  }
}

/** The process stands still with this operation, and its packets reach nobody either. */
const dieAfter = (person: Person, store: FaultyStore, step: number): void => {
  store.onDeath = () => person.cable.unplug()
  store.dieAfter(step)
}

/** Runs `scenario` with a crash at each operation of the store in turn, until it comes to its end without one. */
const atEachStep = async (
  scenario: (world: World, store: FaultyStore, step: number) => Effect.Effect<void, unknown>
): Promise<number> => {
  for (let step = 0; ; step++) {
    const store = new FaultyStore()
    let crashed = true
    await world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      yield* scenario(world, store, step)
      crashed = store.died
    })
    if (!crashed) return step
  }
}

describe("a crash at any step", () => {
  it("of the sender: what was accepted arrives, once and in order", async () => {
    const steps = await atEachStep((world, store, step) =>
      Effect.gen(function* () {
        const bob = yield* world.person("bob")
        const alice = yield* world.person("alice", { store: store.layer })
        yield* mutual(alice, bob)
        // Half of the messages wait for a peer that is away: they outlive the sender in its outbox.
        if (step % 2 === 0) bob.cable.unplug()
        dieAfter(alice, store, step)
        const { accepted, fiber, sent } = write(alice, () => !store.died)
        yield* fiber
        yield* Effect.sleep("2 seconds")
        // The end of the process takes nothing that was accepted, a loss of power nothing that was sent.
        const isKilled = remains(step)(1_000) === 1_000
        const promised = isKilled ? accepted.length : sent.length
        yield* crash(alice, store, step)
        bob.cable.plug()
        yield* Effect.sleep("5 seconds")
        const reborn = yield* world.person("alice", { store: store.layer })
        yield* Effect.sleep("2 minutes")
        expect(bob.texts, `step ${step}`).toEqual(TEXTS.slice(0, bob.texts.length))
        expect(bob.texts.length, `step ${step}`).toBeGreaterThanOrEqual(promised)
        yield* reborn.client.query("bob")
        yield* reborn.client.send("bob", "and now?")
        yield* bob.next("Message", { text: "and now?" })
      }).pipe(Effect.scoped)
    )
    expect(steps).toBeGreaterThan(5)
  })

  it("of the receiver: nothing is lost, and what the sender knows to be delivered is not shown again", async () => {
    let shownTwice = 0
    const steps = await atEachStep((world, store, step) =>
      Effect.gen(function* () {
        const alice = yield* world.person("alice")
        const bob = yield* world.person("bob", { store: store.layer })
        yield* mutual(alice, bob)
        dieAfter(bob, store, step)
        yield* write(alice).fiber
        yield* Effect.sleep("2 seconds")
        const delivered = alice.count("Delivered")
        yield* crash(bob, store, step)
        yield* Effect.sleep("5 seconds")
        const reborn = yield* world.person("bob", { store: store.layer })
        yield* Effect.sleep("2 minutes")
        expect(bob.texts, `step ${step}`).toEqual(TEXTS.slice(0, bob.texts.length))
        // What was on the screen and not yet on the disk comes again; nothing else does.
        const again = reborn.texts
        expect(again, `step ${step}`).toEqual(TEXTS.slice(TEXTS.length - again.length))
        expect(again.length).toBeLessThanOrEqual(TEXTS.length - delivered)
        expect(again.length).toBeGreaterThanOrEqual(TEXTS.length - bob.texts.length)
        expect(alice.count("Delivered")).toBe(TEXTS.length)
        shownTwice += bob.texts.length + again.length - TEXTS.length
      }).pipe(Effect.scoped)
    )
    expect(steps).toBeGreaterThan(3)
    // The word that it was shown has left by then.
    expect(shownTwice).toBe(0)
  })

  it("of a receiver whose confirmations were lost: its successor gives them, and shows nothing again", () =>
    world(function* (world) {
      yield* world.server({ graceMs: 1_000 })
      const store = new FaultyStore()
      const alice = yield* world.person("alice")
      const bob = yield* world.person("bob", { store: store.layer, reads: false })
      const shown: Array<string> = []
      yield* Effect.fork(
        Stream.runForEach(bob.client.events, (event) =>
          Effect.sync(() => {
            if (event._tag !== "Message") return
            shown.push(event.text)
            if (event.text === "two") bob.cable.unplug()
          })
        )
      )
      yield* alice.client.query("bob")
      yield* bob.client.query("alice")
      yield* alice.next("Mutual")
      yield* write(alice).fiber
      yield* alice.next("Disconnected")
      expect(alice.count("Delivered")).toBeLessThan(shown.length)
      yield* crash(bob, store, 0)
      const reborn = yield* world.person("bob", { store: store.layer })
      yield* reborn.next("Message", { text: "four" })
      expect([...shown, ...reborn.texts]).toEqual(TEXTS)
      yield* Effect.sleep("1 second")
      expect(alice.count("Delivered")).toBe(TEXTS.length)
    }))
})

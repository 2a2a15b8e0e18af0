import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { isOver } from "../../../src/core/client/Transfer.js"
import { full } from "../../support/Effort.js"
import { type Person, world } from "../World.js"
import { begun, type Ctx, nothingLeft, QUICK, ROWS, type Row, streaming } from "./Ends.js"
import { latest, meet, states, untilState } from "./Pair.js"

/**
 * Every end of a transfer, told on both sides: a row for each way in which it ends (`Ends.ts`), a column for what
 * becomes of the link, and of either program, before the other side can be told.
 */
describe.each(full ? ROWS : ROWS.filter(({ name }) => QUICK.has(name)))("when $name", (row) => {
  it("both sides read so at once", () =>
    world(function* (world) {
      const ctx = yield* begun(world, row.stage)
      yield* row.act(ctx)
      yield* bothRead(row, ctx)
      yield* cleared(ctx.alice, ctx.bob)
    }))

  it("both sides read so when the link is up again", () =>
    world(function* (world) {
      const ctx = yield* begun(world, row.stage)
      yield* cut(ctx)
      yield* row.act(ctx)
      if (row.unnoticed !== true) yield* read(own(ctx, row), row.own, ctx)
      ctx.bob.cable.plug()
      if (row.parting === true) yield* meet(ctx.alice, ctx.bob)
      yield* bothRead(row, ctx)
      yield* cleared(ctx.alice, ctx.bob)
    }))

  it("the other side reads so from the next process, when this one is killed", () =>
    world(function* (world) {
      const ctx = yield* begun(world, row.stage)
      const ending = own(ctx, row)
      yield* cut(ctx, ending)
      yield* row.act(ctx)
      yield* ending.kill
      yield* Effect.sleep("5 seconds")
      const again = yield* world.person(row.by, { disk: ending.disk })
      const left = other(ctx, row)
      yield* row.by === "alice" ? meet(again, left) : meet(left, again)
      yield* read(left, row.other, ctx)
      yield* Effect.sleep("10 seconds")
      // What had ended is not seen again; what nobody had noticed ends in the next process.
      expect(states(again)).toEqual(row.unnoticed === true ? [row.own.state] : [])
      nothingLeft(again, left)
    }))

  it("the next process of the other side reads so, when that one is killed before it can be told", () =>
    world(function* (world) {
      const ctx = yield* begun(world, row.stage)
      const left = other(ctx, row)
      yield* cut(ctx, left)
      yield* row.act(ctx)
      yield* left.kill
      yield* Effect.sleep("5 seconds")
      const nick = row.by === "alice" ? "bob" : "alice"
      const again = yield* world.person(nick, { disk: left.disk })
      const ending = own(ctx, row)
      yield* row.by === "alice" ? meet(ending, again) : meet(again, ending)
      // An offer that nobody had answered is known to no later process, so it has nothing to read.
      if (row.by === "bob" || row.stage === "flowing") yield* read(again, row.other, ctx)
      yield* read(ending, row.own, ctx)
      yield* cleared(ending, again)
    }))

  it("nobody waits for a link that never comes again, nor takes it for done", () =>
    world(function* (world) {
      const ctx = yield* begun(world, row.stage)
      const [ending, left] = [own(ctx, row), other(ctx, row)]
      yield* cut(ctx)
      yield* row.act(ctx)
      if (row.unnoticed !== true) yield* read(ending, row.own, ctx)
      yield* Effect.sleep("10 minutes")
      for (const person of [left, ...(row.unnoticed === true ? [ending] : [])]) {
        expect(latest(person).filter(isOver)).toEqual([])
        yield* person.client.files.cancel(ctx.id)
        expect(states(person)).toEqual(["cancelled"])
      }
      for (const { client } of [ending, left])
        yield* Effect.timeoutFail(client.exit(500), { duration: "2 seconds", onTimeout: () => "it hangs" })
    }))
})

describe("a program that is left right after it has ended a transfer", () => {
  it.each(["alice", "bob"] as const)("has told so (%s), though what it said first was lost", (by) =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      const [ending, left] = by === "alice" ? [alice, bob] : [bob, alice]
      ending.cable.losing = 5
      yield* ending.client.files.cancel(id)
      yield* ending.client.exit(2_000)
      ending.cable.unplug()
      expect(yield* untilState(left, "cancelled", id)).toMatchObject({ message: `${by} has cancelled it` })
      yield* cleared(alice, bob)
    })
  )

  it.each([
    ["alice", "cancelled"],
    ["bob", "declined"]
  ] as const)("has told so (%s) of an offer without an answer, though what it said first was lost", (by, state) =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world, "offered")
      const [ending, left] = by === "alice" ? [alice, bob] : [bob, alice]
      ending.cable.losing = 5
      yield* state === "cancelled" ? ending.client.files.cancel(id) : ending.client.files.decline(id)
      yield* ending.client.exit(2_000)
      ending.cable.unplug()
      yield* untilState(left, state, id)
      yield* cleared(alice, bob)
    })
  )

  it.each([0, 1, 2])("knows what it was told in its last moment, though %d of its three goodbyes were lost", (lost) =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      bob.disk.capacity = bob.disk.used()
      yield* untilState(alice, "failed", id)
      alice.cable.losing = lost
      yield* alice.client.exit(2_000)
      alice.cable.unplug()
      yield* untilState(bob, "failed", id)
      yield* cleared(alice, bob)
    })
  )

  it("and whatever it said was lost: it says so when it runs again", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* begun(world)
      alice.cable.losing = Number.MAX_SAFE_INTEGER
      yield* alice.client.files.cancel(id, "TimedOut")
      yield* alice.client.exit(2_000)
      yield* alice.kill
      yield* bob.next("Disconnected")
      const again = yield* world.person("alice", { disk: alice.disk })
      yield* meet(again, bob)
      expect(yield* untilState(bob, "failed", id)).toMatchObject({
        message: "alice waited too long for it to move on"
      })
      yield* cleared(again, bob)
    }))

  it("takes back what does not outlive it", () =>
    world(function* (world) {
      const { alice, bob, id } = yield* streaming(world)
      alice.cable.losing = 5
      yield* alice.client.exit(2_000)
      expect(yield* untilState(bob, "cancelled", id)).toMatchObject({ message: "alice has cancelled it" })
      yield* cleared(alice, bob)
    }))
})

const other = ({ alice, bob }: Ctx, { by }: Row) => (by === "alice" ? bob : alice)
const own = ({ alice, bob }: Ctx, { by }: Row) => (by === "alice" ? alice : bob)

/** The link goes down, and both notice. */
const cut = ({ alice, bob }: Ctx, whose: Person = bob) =>
  Effect.gen(function* () {
    whose.cable.unplug()
    yield* alice.next("Disconnected")
    yield* bob.next("Disconnected")
  })

const read = (person: Person, { message, state }: Row["own"], { id }: Ctx) =>
  Effect.map(untilState(person, state, id), (transfer) => {
    if (message === undefined) expect(transfer.message).toBeUndefined()
    else expect(transfer.message).toContain(message)
  })

const bothRead = (row: Row, ctx: Ctx) =>
  Effect.zipRight(read(other(ctx, row), row.other, ctx), read(own(ctx, row), row.own, ctx))

/** Some time later nothing is left of it. */
const cleared = (...people: ReadonlyArray<Person>) =>
  Effect.map(Effect.sleep("10 seconds"), () => nothingLeft(...people))

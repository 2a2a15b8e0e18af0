import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import type { TransferId } from "../../../src/core/files/Content.js"
import { full } from "../../support/Effort.js"
import { type Person, type World, world } from "../World.js"
import { bytes, isSame, meet, pair, states, until, untilState } from "./Pair.js"

const SIZE = 5_000_000

interface Ctx {
  readonly alice: Person
  readonly bob: Person
  readonly id: TransferId
}

/** A transfer is under way, or offered. */
const begun = (world: World, accepted: boolean) =>
  Effect.gen(function* () {
    const { alice, bob } = yield* pair(world)
    alice.files.put("film.mp4", bytes(SIZE))
    const { id } = yield* alice.client.files.offer("bob", "film.mp4")
    yield* untilState(bob, "offered", id)
    if (accepted) {
      yield* bob.client.files.accept(id)
      yield* until(bob, ({ transferred }) => transferred > 200_000)
    }
    return { alice, bob, id } satisfies Ctx
  })

/** The ways in which a transfer ends on one side, and what the other side reads then. */
const ENDS: ReadonlyArray<{
  readonly name: string
  readonly by: "alice" | "bob"
  /** In the middle of it, or before it was accepted. */
  readonly accepted: boolean
  readonly act: (ctx: Ctx) => Effect.Effect<unknown, unknown>
  readonly state: "cancelled" | "declined" | "failed"
  readonly message: string
  /** It can happen only while bytes flow. */
  readonly flowing?: boolean
}> = [
  {
    name: "the sender cancels",
    by: "alice",
    accepted: true,
    act: ({ alice, id }) => alice.client.files.cancel(id),
    state: "cancelled",
    message: "alice has cancelled it"
  },
  {
    name: "the sender takes the offer back",
    by: "alice",
    accepted: false,
    act: ({ alice, id }) => alice.client.files.cancel(id),
    state: "cancelled",
    message: "alice has cancelled it"
  },
  {
    name: "the sender's patience ends",
    by: "alice",
    accepted: true,
    act: ({ alice, id }) => alice.client.files.cancel(id, "TimedOut"),
    state: "failed",
    message: "alice waited too long for it to move on"
  },
  {
    name: "the source changes",
    by: "alice",
    accepted: true,
    act: ({ alice }) => Effect.sync(() => alice.files.put("film.mp4", bytes(SIZE, 7))),
    state: "failed",
    message: "it has changed at alice's since it was offered",
    flowing: true
  },
  {
    name: "the source is removed",
    by: "alice",
    accepted: true,
    act: ({ alice }) => Effect.sync(() => alice.files.remove("film.mp4")),
    state: "failed",
    message: "alice cannot read it any more",
    flowing: true
  },
  {
    name: "the receiver declines",
    by: "bob",
    accepted: false,
    act: ({ bob, id }) => bob.client.files.decline(id),
    state: "declined",
    message: "bob does not want it"
  },
  {
    name: "the receiver cancels",
    by: "bob",
    accepted: true,
    act: ({ bob, id }) => bob.client.files.cancel(id),
    state: "cancelled",
    message: "bob has cancelled it"
  },
  {
    name: "the receiver's patience ends",
    by: "bob",
    accepted: true,
    act: ({ bob, id }) => bob.client.files.cancel(id, "TimedOut"),
    state: "failed",
    message: "bob waited too long for it to move on"
  },
  {
    name: "the receiver's disk is full",
    by: "bob",
    accepted: true,
    act: ({ bob }) =>
      Effect.sync(() => {
        bob.disk.capacity = 700_000
      }),
    state: "failed",
    message: "bob has no space left for it",
    flowing: true
  },
  {
    name: "the receiver's folder is removed",
    by: "bob",
    accepted: true,
    act: ({ bob }) =>
      Effect.sync(() => {
        for (const path of bob.files.paths()) bob.files.remove(path)
      }),
    state: "failed",
    message: "bob could not store it",
    flowing: true
  }
]

/** One of each kind; the others are tried in full. */
const QUICK: ReadonlySet<string> = new Set(["the sender cancels", "the source changes", "the receiver declines"])

const other = ({ alice, bob }: Ctx, by: "alice" | "bob") => (by === "alice" ? bob : alice)
const own = ({ alice, bob }: Ctx, by: "alice" | "bob") => (by === "alice" ? alice : bob)

/** Nothing is left on disk that a later process could stumble over. */
const nothingLeft = (...people: ReadonlyArray<Person>) => {
  for (const { disk, files } of people) {
    expect(disk.names().filter((name) => name.includes("transfers/"))).toEqual([])
    expect(files.paths().filter((path) => path.includes("/."))).toEqual([])
  }
}

describe.each(full ? ENDS : ENDS.filter(({ name }) => QUICK.has(name)))(
  "when $name",
  ({ accepted, act, by, flowing, message, state }) => {
    it("the other side reads so at once", () =>
      world((world) =>
        Effect.gen(function* () {
          const ctx = yield* begun(world, accepted)
          yield* act(ctx)
          expect(yield* untilState(other(ctx, by), state, ctx.id)).toMatchObject({ message })
          yield* Effect.sleep("10 seconds")
          nothingLeft(ctx.alice, ctx.bob)
        })
      ))

    it("the other side reads so when the link is up again", () =>
      world((world) =>
        Effect.gen(function* () {
          const ctx = yield* begun(world, accepted)
          ctx.bob.cable.unplug()
          yield* ctx.alice.next("Disconnected")
          yield* act(ctx)
          ctx.bob.cable.plug()
          expect(yield* untilState(other(ctx, by), state, ctx.id)).toMatchObject({ message })
          yield* Effect.sleep("10 seconds")
          nothingLeft(ctx.alice, ctx.bob)
        })
      ))

    it.skipIf(flowing)("the other side reads so from the next process, when this one is killed", () =>
      world((world) =>
        Effect.gen(function* () {
          const ctx = yield* begun(world, accepted)
          const ending = own(ctx, by)
          ending.cable.unplug()
          yield* ctx.alice.next("Disconnected")
          yield* act(ctx)
          yield* ending.kill
          yield* Effect.sleep("5 seconds")
          const again = yield* world.person(by, { disk: ending.disk })
          const left = other(ctx, by)
          yield* by === "alice" ? meet(again, left) : meet(left, again)
          expect(yield* untilState(left, state, ctx.id)).toMatchObject({ message })
          expect(states(again)).toEqual([])
          yield* Effect.sleep("10 seconds")
          nothingLeft(again, left)
        })
      )
    )

    it.skipIf(flowing)("nobody waits for a link that never comes again", () =>
      world((world) =>
        Effect.gen(function* () {
          const ctx = yield* begun(world, accepted)
          ctx.bob.cable.unplug()
          yield* ctx.alice.next("Disconnected")
          const ending = own(ctx, by)
          yield* act(ctx)
          const at = Date.now()
          yield* Effect.timeoutFail(ending.client.exit(500), { duration: "2 seconds", onTimeout: () => "it hangs" })
          expect(Date.now() - at).toBeLessThan(60_000)
        })
      )
    )
  }
)

describe("a sender that was killed", () => {
  it("and knows of nothing afterwards: the receiver learns so from the next process", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob } = yield* pair(world)
        const { id } = yield* alice.client.files.offerStream("bob", "stdin", Stream.make(bytes(SIZE)))
        yield* untilState(bob, "offered", id)
        yield* bob.client.files.accept(id)
        yield* until(bob, ({ transferred }) => transferred > 200_000)
        yield* alice.kill
        yield* Effect.sleep("5 seconds")
        const again = yield* world.person("alice", { disk: alice.disk })
        yield* meet(again, bob)
        expect(yield* untilState(bob, "failed", id)).toMatchObject({ message: expect.stringContaining("was ended") })
        yield* Effect.sleep("10 seconds")
        nothingLeft(bob)
      })
    ))

  it("is not gone on with by a process that is about something else", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob, id } = yield* begun(world, true)
        yield* alice.kill
        yield* Effect.sleep("5 seconds")
        const { files } = alice
        files.put("other.txt", bytes(1_000))
        const again = yield* world.person("alice", { disk: alice.disk, more: { resume: "none" } })
        yield* meet(again, bob)
        const { id: second } = yield* again.client.files.offer("bob", "other.txt")
        yield* untilState(bob, "offered", second)
        yield* bob.client.files.accept(second)
        yield* untilState(again, "done", second)
        yield* Effect.sleep("1 minute")
        expect(states(again)).toEqual(["done"])
        // The other one is not lost: offering the same file goes on with it.
        const resumed = yield* again.client.files.offer("bob", "film.mp4")
        expect(resumed.id).toBe(id)
        yield* untilState(bob, "done", id)
        expect(isSame(bob.files.get("film.mp4"), bytes(SIZE))).toBe(true)
      })
    ))

  it("and whose source has changed: the old offer ends, the new one stands", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob, id } = yield* begun(world, true)
        yield* alice.kill
        yield* Effect.sleep("5 seconds")
        alice.files.put("film.mp4", bytes(SIZE, 7))
        const again = yield* world.person("alice", {
          disk: alice.disk,
          more: { resume: "none" }
        })
        yield* meet(again, bob)
        const offered = yield* again.client.files.offer("bob", "film.mp4")
        expect(offered.id).not.toBe(id)
        expect(yield* untilState(bob, "failed", id)).toMatchObject({
          message: "it has changed at alice's since it was offered"
        })
        yield* untilState(bob, "offered", offered.id)
      })
    ))
})

describe("a receiver that was killed", () => {
  it("goes on with the same thing when its sender, who has given up, offers it anew", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob, id } = yield* begun(world, true)
        yield* bob.kill
        yield* alice.kill
        yield* Effect.sleep("5 seconds")
        // The sender has lost all memory of it.
        for (const name of alice.disk.names()) if (name.includes("transfers/")) alice.disk.remove(name)
        const bob2 = yield* world.person("bob", { disk: bob.disk })
        const alice2 = yield* world.person("alice", { disk: alice.disk })
        yield* meet(alice2, bob2)
        const { id: second } = yield* alice2.client.files.offer("bob", "film.mp4")
        expect(second).not.toBe(id)
        yield* until(bob2, (transfer) => transfer.id === id && transfer.state !== "waiting")
        yield* Effect.sleep("1 minute")
        expect(states(bob2)).not.toContain("waiting")
      })
    ))
})

describe("what is taken as a stream", () => {
  const small = bytes(1_000)
  const offered = (world: World) =>
    Effect.gen(function* () {
      const { alice, bob } = yield* pair(world)
      alice.files.put("note", small)
      const { id } = yield* alice.client.files.offer("bob", "note")
      yield* untilState(bob, "offered", id)
      return { alice, bob, id }
    })

  it("is stored only when its last byte was used", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob, id } = yield* offered(world)
        yield* Effect.forkScoped(Stream.runForEach(bob.client.files.acceptStream(id), () => Effect.sleep("10 minutes")))
        yield* Effect.sleep("5 minutes")
        expect(states(alice)).not.toContain("done")
        yield* untilState(alice, "done", id)
      })
    ))

  it("is not stored when its consumer fails with the last of it", () =>
    world((world) =>
      Effect.gen(function* () {
        const { alice, bob, id } = yield* offered(world)
        const taken = yield* Effect.exit(
          Stream.runForEach(bob.client.files.acceptStream(id), () =>
            Effect.zipRight(bob.client.files.cancel(id, "Storage"), Effect.fail("no room"))
          )
        )
        expect(Exit.isFailure(taken)).toBe(true)
        expect(yield* untilState(alice, "failed", id)).toMatchObject({ message: "bob could not store it" })
      })
    ))
})

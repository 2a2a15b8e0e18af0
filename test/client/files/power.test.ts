import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { PageFate } from "../../../src/layers/memory/FileTree.js"
import { full } from "../../support/Effort.js"
import { type World, world } from "../World.js"
import { bytes, isSame, meet, pair, states, until, untilState } from "./Pair.js"

/** Small files, which are flushed all at once, and one of some chunks. */
const FILES: ReadonlyArray<readonly [string, number]> = [
  ...Array.from({ length: 12 }, (_, index) => [`d${index % 3}/f${index}`, 5 + 700 * index] as const),
  ["empty", 0],
  ["large", 600_000]
]
const contentOf = (index: number) => bytes(FILES[index]![1], index + 1)

/** What becomes of what was not flushed: nothing of it is left; it comes in a mixture; all of it is. */
const FATES: ReadonlyArray<(page: number) => PageFate> = [
  () => "old",
  (page) => (["new", "old", "garbage"] as const)[page % 3]!,
  () => "new"
]

/**
 * The receiver's power fails before its operation number `step` on the disk, counted from its yes on. Gives whether
 * there was such an operation.
 */
const fails = (world: World, step: number, fate: (page: number) => PageFate) =>
  Effect.gen(function* () {
    const { alice, bob } = yield* pair(world)
    for (const [index, [name]] of FILES.entries()) alice.files.put(`photos/${name}`, contentOf(index))
    const { id } = yield* alice.client.files.offer("bob", "photos")
    yield* untilState(bob, "offered", id)
    let done = 0
    let left: typeof bob.disk | undefined
    bob.disk.onOperation = () => {
      if (++done !== step) return
      left = bob.disk.copy()
      bob.cable.unplug()
    }
    yield* bob.client.files.accept(id)
    yield* until(bob, ({ state }) => left !== undefined || state === "done")
    // What it had said before is on its way.
    yield* Effect.sleep("2 seconds")
    if (left === undefined) return false
    yield* bob.kill
    const wasTold = states(alice).includes("done")
    let page = 0
    left.losePower(
      () => 0,
      () => fate(page++)
    )
    const isWhole = () => FILES.every(([name], index) => isSame(left!.files.get(`photos/${name}`), contentOf(index)))
    if (wasTold) expect(isWhole()).toBe(true)
    // What has the name is whole, whoever looks.
    if (left.files.paths().some((path) => path.startsWith("/home/photos/"))) expect(isWhole()).toBe(true)
    yield* Effect.sleep("5 seconds")
    const again = yield* world.person("bob", { disk: left })
    yield* meet(alice, again)
    // A yes that was not written down yet has to be said again.
    yield* Effect.forkScoped(
      Effect.ignore(Effect.zipRight(untilState(again, "offered", id), again.client.files.accept(id)))
    )
    yield* untilState(alice, "done", id)
    expect(isWhole()).toBe(true)
    yield* Effect.sleep("1 minute")
    expect(left.files.paths()).toEqual(FILES.map(([name]) => `/home/photos/${name}`).sort())
    return true
  })

describe("a loss of power at the receiver", () => {
  it.each(full ? FATES : FATES.slice(1, 2))(
    "loses nothing that was told stored, and delivers nothing damaged (%#)",
    async (fate) => {
      let step = 1
      for (let was = true; was; step += full ? 1 : 7)
        await world(function* (world) {
          was = yield* fails(world, step, fate)
        })
      expect(step).toBeGreaterThan(10)
    }
  )
})

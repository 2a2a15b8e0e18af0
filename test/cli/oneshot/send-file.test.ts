import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import * as SendFile from "../../../src/cli/oneshot/SendFileProgram.js"
import { Disk } from "../../../src/layers/memory/Disk.js"
import { world } from "../../client/World.js"
import { errand, settings } from "./RunCommand.js"

const sending = { ...settings, nick: "alice", to: "bob", sources: ["photos"] as [string], name: "stdin", keep: false }

it("tells what was left out also where nobody watches", () =>
  world(function* (world) {
    yield* world.server()
    const bob = yield* world.person("bob", { more: { accept: "all" } })
    const disk = new Disk()
    disk.files.put("photos/one", Uint8Array.of(1))
    disk.files.others.add("/home/photos/link")
    yield* Effect.forkScoped(Effect.zipRight(bob.next("Incoming"), bob.client.query("alice")))
    const { errors, failure, lines } = yield* errand(world, SendFile.run(sending), { disk })
    expect(failure).toBeUndefined()
    expect(lines.at(-1)).toMatchObject({ event: "transfer", state: "done", skipped: 1 })
    expect(errors).toContain("is offered to bob; left out: link (no file)")
    expect(errors.trim().split("\n")).toHaveLength(1)
    expect(bob.files.get("photos/one")).toEqual(Uint8Array.of(1))
  }))

it("gives up in time when somebody sets the clock back", () =>
  world(function* (world) {
    yield* world.server()
    const bob = yield* world.person("bob")
    const disk = new Disk()
    disk.files.put("photos/one", Uint8Array.of(1))
    const clock = yield* Effect.clock
    const began = clock.unsafeCurrentTimeMillis()
    const wall = () => {
      const now = clock.unsafeCurrentTimeMillis()
      return now - began < 10_000 ? now : now - 5 * 3_600_000
    }
    yield* Effect.forkScoped(Effect.zipRight(bob.next("Incoming"), bob.client.query("alice")))
    const { failure } = yield* Effect.timeout(errand(world, SendFile.run(sending), { disk, wall }), "2 minutes")
    expect(failure).toMatchObject({ code: "Timeout", exitCode: 4 })
  }))

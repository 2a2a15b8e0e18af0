import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import * as NodeStore from "../../../src/layers/node/Store.js"
import { fromCause } from "../../../src/layers/node/StoreErrors.js"
import { Store } from "../../../src/services/Store.js"
import { MAX_FILE_BYTES } from "../../../src/services/StoreName.js"
import { utf8 } from "../conformance/Recorder.js"
import * as Conformance from "../conformance/Store.js"
import { live } from "../conformance/Suite.js"
import { temporaryFolder } from "./TemporaryFolder.js"

const fresh = Layer.unwrapScoped(
  Effect.map(temporaryFolder, (folder) => NodeStore.layer(join(folder, "deep", "store")))
)

Conformance.suite("node", live(fresh))

const test = (title: string, body: (store: typeof Store.Service) => Effect.Effect<void, unknown>) =>
  it(title, () => live(fresh).run(Effect.flatMap(Store, body)))

const linux = it.runIf(process.platform === "linux")

describe("files", () => {
  test("are for their owner alone, folders too", (store) =>
    Effect.gen(function* () {
      yield* store.write("a/b", utf8("1"))
      yield* Effect.scoped(store.journal("a/c"))
      const modeOf = (path: string) =>
        Effect.promise(async () => ((await Fs.stat(join(store.location, path))).mode & 0o777).toString(8))
      expect(yield* modeOf("a/b")).toBe("600")
      expect(yield* modeOf("a/c")).toBe("600")
      for (const folder of [".", "..", "a"]) expect(yield* modeOf(folder)).toBe("700")
    }))

  test("come to be with the first write, not before", (store) =>
    Effect.gen(function* () {
      expect(yield* store.list("")).toEqual([])
      yield* store.read("a")
      yield* store.remove("a")
      expect(yield* Effect.promise(() => Fs.stat(store.location).catch(() => "none"))).toBe("none")
    }))

  test("are replaced by renaming: a reader that has the old one open reads on", (store) =>
    Effect.gen(function* () {
      yield* store.write("a", utf8("old"))
      const old = yield* Effect.promise(() => Fs.open(join(store.location, "a")))
      yield* store.write("a", utf8("new"))
      expect(yield* Effect.promise(() => old.readFile("utf8"))).toBe("old")
      yield* Effect.promise(() => old.close())
      expect(yield* Effect.promise(() => Fs.readdir(store.location))).toEqual(["a"])
    }))

  test("hide and sweep what a process that died has left half-written", (store) =>
    Effect.gen(function* () {
      const dead = `~${yield* deadProcess}-1-1`
      const mine = `~${process.pid}--1`
      yield* Effect.promise(async () => {
        await Fs.mkdir(store.location, { recursive: true })
        for (const name of [dead, mine, "other file"]) await Fs.writeFile(join(store.location, name), "half")
      })
      expect(yield* store.list("")).toEqual([])
      yield* store.write("a", utf8("1"))
      expect(yield* Effect.promise(() => Fs.readdir(store.location))).toEqual(["a", "other file", mine].sort())
    }))

  test("leave nothing of a write that failed", (store) =>
    Effect.gen(function* () {
      yield* store.write("folder/file", utf8("1"))
      yield* Effect.flip(store.write("folder", utf8("2")))
      expect(yield* Effect.promise(() => Fs.readdir(store.location))).toEqual(["folder"])
    }))

  test("that are too large or no files are not read", (store) =>
    Effect.gen(function* () {
      yield* store.write("a", utf8("1"))
      yield* Effect.promise(() => Fs.truncate(join(store.location, "a"), MAX_FILE_BYTES + 1))
      expect((yield* Effect.flip(store.read("a"))).reason).toBe("TooLarge")
      yield* Effect.promise(() => Fs.symlink("/dev/null", join(store.location, "device")))
      expect((yield* Effect.flip(store.read("device"))).reason).toBe("Other")
    }))

  linux("that cannot grow give Full", () =>
    live(fresh).run(
      Effect.gen(function* () {
        const store = yield* Store
        yield* store.write("a", utf8("1"))
        yield* Effect.promise(() => Fs.symlink("/dev/full", join(store.location, "full")))
        const journal = yield* store.journal("full")
        const error = yield* Effect.flip(journal.append(utf8("x")))
        expect(error.reason).toBe("Full")
        expect(error.message).toContain(join(store.location, "full"))
      })
    )
  )

  it("map the system's errors", () => {
    const reasonOf = (code: string) => fromCause("write x", Object.assign(new Error(code), { code })).reason
    expect(["EACCES", "EPERM", "ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EIO"].map(reasonOf)).toEqual([
      "NotPermitted",
      "NotPermitted",
      "Full",
      "Full",
      "ReadOnly",
      "TooLarge",
      "Other"
    ])
  })
})

describe("a lock", () => {
  /** Puts up the lock of another process (`started` empty: unknown). */
  const plant = (store: typeof Store.Service, pid: number | undefined, started = "") =>
    Effect.promise(async () => {
      await Fs.mkdir(store.location, { recursive: true })
      await Fs.writeFile(join(store.location, `profile~lock-${pid}-${started}-00ff`), "")
    })

  const filesOf = (store: typeof Store.Service) => Effect.promise(() => Fs.readdir(store.location))

  test("names its holder and goes with the scope", (store) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* store.lock("profile")
          expect(yield* filesOf(store)).toEqual([expect.stringContaining(`profile~lock-${process.pid}-`)])
          const error = yield* Effect.flip(Effect.scoped(store.lock("profile")))
          expect(error.message).toContain(`process ${process.pid} `)
        })
      )
      expect(yield* filesOf(store)).toEqual([])
    }))

  test("of a process that died is taken over, by one of many", (store) =>
    Effect.gen(function* () {
      const dead = yield* deadProcess
      for (let round = 0; round < 20; round++) {
        yield* plant(store, dead)
        const takers = Array.from({ length: 8 }, () => Effect.option(store.lock("profile")))
        const outcomes = yield* Effect.scoped(Effect.all(takers, { concurrency: "unbounded" }))
        expect(outcomes.filter(Option.isSome)).toHaveLength(1)
        expect(yield* filesOf(store)).toEqual([])
      }
    }))

  test("of another living process is respected until it dies", (store) =>
    Effect.gen(function* () {
      const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
      yield* plant(store, other.pid)
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = yield* Effect.flip(Effect.scoped(store.lock("profile")))
        expect(error).toMatchObject({ reason: "Locked", message: expect.stringContaining(`${other.pid}`) })
      }
      expect(yield* filesOf(store)).toHaveLength(1)
      yield* Effect.promise(() => {
        other.kill("SIGKILL")
        return once(other, "exit")
      })
      yield* Effect.scoped(store.lock("profile"))
    }))

  linux("of a process whose id was given to another one is taken over", () =>
    live(fresh).run(
      Effect.gen(function* () {
        const store = yield* Store
        yield* plant(store, process.pid, "1")
        yield* store.lock("profile")
      })
    )
  )

  test("holds against the same folder under another name", (store) =>
    Effect.gen(function* () {
      yield* store.write("a", utf8("1"))
      const alias = `${store.location}-alias`
      yield* Effect.promise(() => Fs.symlink(store.location, alias))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* store.lock("profile")
          const second = Effect.flatMap(Store, (same) => Effect.scoped(same.lock("profile")))
          const error = yield* Effect.flip(Effect.provide(second, NodeStore.layer(alias)))
          expect(error.reason).toBe("Locked")
        })
      )
    }))
})

/** The id of a process that has just died. */
const deadProcess = Effect.promise(async () => {
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" })
  await once(child, "exit")
  return child.pid!
})

import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { describe, expect, it } from "vitest"
import { STALE } from "../../../src/layers/node/FileLock.js"
import * as ProcessId from "../../../src/layers/node/ProcessId.js"
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

describe.runIf(process.platform !== "win32")("a secret", () => {
  const path = (store: typeof Store.Service, name: string) => join(store.location, name)
  const chmod = (file: string, mode: number) => Effect.promise(() => Fs.chmod(file, mode))

  for (const mode of [0o604, 0o640, 0o620, 0o602, 0o666, 0o644])
    test(`is refused when others have access to it: ${mode.toString(8)}`, (store) =>
      Effect.gen(function* () {
        yield* store.write("a/key", utf8("1"))
        const file = path(store, "a/key")
        yield* chmod(file, mode)
        const { message, reason } = yield* Effect.flip(store.readSecret("a/key"))
        expect(reason).toBe("Exposed")
        expect(message).toMatch(
          new RegExp(`^${file} can be (read|changed) by other users \\(mode 0${mode.toString(8)}\\)`)
        )
        expect(message).toContain(`: type chmod 600 ${file}`)
        // What it says helps, and other files may be read by whom they want.
        expect(Option.isSome(yield* store.read("a/key"))).toBe(true)
        yield* chmod(file, 0o600)
        expect(Option.isSome(yield* store.readSecret("a/key"))).toBe(true)
      }))

  for (const mode of [0o770, 0o777, 0o702])
    test(`is refused in a folder that others can change, also before it is there: ${mode.toString(8)}`, (store) =>
      Effect.gen(function* () {
        yield* store.write("a/b/other", utf8("1"))
        for (const folder of ["a/b", "a", "."]) {
          yield* chmod(path(store, folder), mode)
          const { message, reason } = yield* Effect.flip(store.readSecret("a/b/key"))
          expect([reason, message]).toEqual(["Exposed", expect.stringContaining(`chmod go-w ${path(store, folder)}`)])
          yield* chmod(path(store, folder), 0o1777)
          expect(Option.isNone(yield* store.readSecret("a/b/key"))).toBe(true)
          yield* chmod(path(store, folder), 0o755)
          expect(Option.isNone(yield* store.readSecret("a/b/key"))).toBe(true)
        }
      }))

  if (process.getuid?.() === 0)
    test("is refused when it, or its folder, is somebody else's", (store) =>
      Effect.gen(function* () {
        yield* store.write("a/key", utf8("1"))
        for (const name of ["a/key", "a"]) {
          yield* Effect.promise(() => Fs.chown(path(store, name), 12_345, 12_345))
          const { message, reason } = yield* Effect.flip(store.readSecret("a/key"))
          expect([reason, message]).toEqual(["Exposed", expect.stringContaining("belongs to another user (12345)")])
          yield* Effect.promise(() => Fs.chown(path(store, name), 0, 0))
        }
      }))
})

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
      const { place } = ProcessId.own()
      const dead = `~${place}-${yield* deadProcess}-1-1`
      const mine = `~${place}-${process.pid}--1`
      const [writing, abandoned] = [`~feedfeedfeed-${process.pid}--1`, `~feedfeedfeed-${process.pid}--2`]
      yield* Effect.promise(async () => {
        await Fs.mkdir(store.location, { recursive: true })
        for (const name of [dead, mine, writing, abandoned, "other file"])
          await Fs.writeFile(join(store.location, name), "half")
        const longAgo = new Date(Date.now() - 2 * 86_400_000)
        await Fs.utimes(join(store.location, abandoned), longAgo, longAgo)
      })
      expect(yield* store.list("")).toEqual([])
      yield* store.write("a", utf8("1"))
      expect(yield* Effect.promise(() => Fs.readdir(store.location))).toEqual(["a", "other file", mine, writing].sort())
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
        const error = journal.append(utf8("x"))
        expect(error?.reason).toBe("Full")
        expect(error?.message).toContain(join(store.location, "full"))
      })
    )
  )

  linux("where no folder can be made give an error, and do not try for ever", () =>
    live(NodeStore.layer("/proc/nowhere/store")).run(
      Effect.gen(function* () {
        const store = yield* Store
        expect((yield* Effect.flip(store.write("a", utf8("1")))).message).toContain("/proc/nowhere")
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

/** Puts up the lock of a process on another machine, or in another container, where ids mean nothing here. */
const plantLock = (store: typeof Store.Service, pid: number) =>
  Effect.promise(async () => {
    await Fs.mkdir(store.location, { recursive: true })
    const file = join(store.location, `profile~lock-feedfeedfeed-${pid}--00ff`)
    await Fs.writeFile(file, "")
    return file
  })

describe("a lock", () => {
  /** Puts up the lock of another process (`started` empty: unknown). */
  const plant = (store: typeof Store.Service, pid: number | undefined, started = "") =>
    Effect.promise(async () => {
      await Fs.mkdir(store.location, { recursive: true })
      const file = join(store.location, `profile~lock-${ProcessId.own().place}-${pid}-${started}-00ff`)
      await Fs.writeFile(file, "")
    })

  const filesOf = (store: typeof Store.Service) => Effect.promise(() => Fs.readdir(store.location))

  test("names its holder and goes with the scope", (store) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* store.lock("profile")
          expect(yield* filesOf(store)).toEqual([
            expect.stringContaining(`profile~lock-${ProcessId.own().place}-${process.pid}-`)
          ])
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

describe("a lock from another machine or container", () => {
  test("is respected while its holder gives signs of life, whatever lives here under its id", (store) =>
    Effect.gen(function* () {
      const file = yield* plantLock(store, process.pid)
      const signs = setInterval(() => writeFileSync(file, "."), 100)
      const error = yield* Effect.flip(Effect.scoped(store.lock("profile")))
      clearInterval(signs)
      expect(error).toMatchObject({
        reason: "Locked",
        message: expect.stringContaining("of another container or machine")
      })
    }))

  test("is taken over when its holder has been silent for long enough, whatever lives here under its id", (store) =>
    Effect.gen(function* () {
      const file = yield* plantLock(store, process.pid)
      const silentFor = (ms: number) => new Date(Date.now() - ms)
      yield* Effect.promise(() => Fs.utimes(file, silentFor(STALE - 1_000), silentFor(STALE - 1_000)))
      yield* Effect.scoped(store.lock("profile"))
      yield* plantLock(store, process.pid)
      yield* Effect.promise(() => Fs.utimes(file, silentFor(STALE + 1_000), silentFor(STALE + 1_000)))
      yield* Effect.scoped(store.lock("profile"))
      expect(yield* Effect.promise(() => Fs.readdir(store.location))).toEqual([])
    }))

  test("that took ours over while we stood still leaves us nothing to write", (store) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* store.lock("profile")
        const journal = yield* store.journal("log")
        journal.append(utf8("1"))
        yield* Effect.promise(async () => {
          for (const name of await Fs.readdir(store.location))
            if (name.startsWith("profile~lock-")) await Fs.rm(join(store.location, name))
        })
        const refused = Effect.flip(Effect.suspend(() => journal.append(utf8("2")) ?? Effect.void)).pipe(
          Effect.retry(Schedule.spaced("100 millis")),
          Effect.zip(Effect.flip(store.write("a", utf8("1"))))
        )
        expect((yield* refused).map(({ reason }) => reason)).toEqual(["Locked", "Locked"])
      })
    ))
})

/** The id of a process that has just died. */
const deadProcess = Effect.promise(async () => {
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" })
  await once(child, "exit")
  return child.pid!
})

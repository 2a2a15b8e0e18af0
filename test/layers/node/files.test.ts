import { execFileSync } from "node:child_process"
import syncFs from "node:fs"
import * as Fs from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect, it, vi } from "vitest"
import * as Several from "../../../src/client/files/Several.js"
import * as FileName from "../../../src/domain/FileName.js"
import * as NodeFiles from "../../../src/layers/node/Files.js"
import { PROBE } from "../../../src/layers/node/FilesLanding.js"
import { Files, type FilesError, type Source } from "../../../src/services/Files.js"
import * as Conformance from "../conformance/Files.js"
import { isSame, pattern } from "../conformance/Recorder.js"
import { live } from "../conformance/Suite.js"
import { temporaryFolder } from "./TemporaryFolder.js"

const subject = live(Layer.unwrapScoped(Effect.map(temporaryFolder, (folder) => NodeFiles.layer(join(folder, "home")))))

Conformance.suite("node", subject, temporaryFolder, Files)

const test = (
  title: string,
  body: (files: Files["Type"], folder: string) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  it.skipIf(process.platform === "win32")(title, () =>
    subject.run(
      Effect.gen(function* () {
        yield* body(yield* Files, yield* temporaryFolder)
      })
    )
  )

describe("a large file", () => {
  const SIZE = 3_000_000
  const PIECE = 256 * 1024

  test("is read ahead, whatever of it is asked for", (files, folder) =>
    Effect.gen(function* () {
      const bytes = pattern(SIZE)
      yield* promise(() => Fs.writeFile(join(folder, "large"), bytes))
      yield* promise(() => Fs.writeFile(join(folder, "other"), bytes.subarray(7)))
      const found = yield* Several.inspect(files, [folder])
      const expectPart = (source: Source, file: number, from: number, to: number) =>
        Effect.map(source.read(file, from, to - from), (read) =>
          expect(isSame(read, bytes.subarray(from + 7 * file, to + 7 * file))).toBe(true)
        )
      const source = yield* files.open(found)
      for (let at = 0; at < SIZE; at += PIECE) yield* expectPart(source, 0, at, Math.min(SIZE, at + PIECE))
      // From somewhere else, in other pieces, and in the middle of another file.
      for (const at of [PIECE, 2 * PIECE, PIECE, PIECE + 1, 5 * PIECE]) yield* expectPart(source, 0, at, at + PIECE)
      yield* expectPart(source, 0, PIECE, PIECE + 10)
      yield* expectPart(source, 1, 0, PIECE)
      yield* expectPart(source, 1, PIECE, 2 * PIECE)
      yield* expectPart(source, 0, 0, PIECE)
      // One that is closed while it reads ahead.
      yield* Effect.scoped(Effect.flatMap(files.open(found), (source) => expectPart(source, 0, 0, PIECE)))
    }))

  test("that becomes shorter while it is read ahead has changed", (files, folder) =>
    Effect.gen(function* () {
      const path = join(folder, "large")
      yield* promise(() => Fs.writeFile(path, pattern(SIZE)))
      const source = yield* files.open(yield* Several.inspect(files, [path]))
      yield* source.read(0, 0, PIECE)
      yield* promise(() => Fs.truncate(path, 2 * PIECE))
      const rest = Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (piece) => source.read(0, piece * PIECE, PIECE))
      expect(yield* Effect.flip(rest)).toMatchObject({ reason: "Changed" })
    }))

  test("is written while more of it comes, from memory that its giver may use again", (files, folder) =>
    Effect.gen(function* () {
      const bytes = pattern(SIZE)
      const entries = [{ path: "large", size: SIZE, executable: false }]
      const landing = yield* files.receive({ directory: folder, token: "31", kind: "file", entries })
      const memory = new Uint8Array(PIECE)
      for (let at = 0; at < SIZE; at += PIECE) {
        const piece = memory.subarray(0, Math.min(PIECE, SIZE - at))
        piece.set(bytes.subarray(at, at + piece.length))
        yield* landing.write(0, at, piece)
        memory.fill(0)
      }
      expect(isSame(yield* landing.read(0, 0, SIZE), bytes)).toBe(true)
      const path = yield* landing.commit(FileName.make("large"))
      expect(isSame(yield* promise(() => Fs.readFile(path)), bytes)).toBe(true)
    }))
})

describe("small files, of which many are read and written at a time", () => {
  test("arrive as they are, whatever the order, also over what an earlier process left", (files, folder) =>
    Effect.gen(function* () {
      const entries = Array.from({ length: 100 }, (_, i) => ({
        path: `d${i % 7}/f${i}`,
        size: i * 31,
        executable: i % 3 === 0,
        mtimeMs: 1_000_000_000_000 + i * 1_000
      }))
      const content = (i: number) => pattern(i * 31, i)
      const incoming = { directory: folder, token: "21", kind: "folder" as const, entries }
      for (const round of [0, 1]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const landing = yield* files.receive(incoming)
            for (let i = round * 30; i < (round === 0 ? 50 : 100); i++) yield* landing.write(i, 0, content(i))
            yield* landing.write(5, 0, content(5))
            expect(yield* landing.read(5, 0, 5 * 31)).toEqual(content(5))
            if (round === 1) expect(yield* landing.commit(FileName.make("many"))).toBe(join(folder, "many"))
          })
        )
      }
      for (const [i, { path }] of entries.entries()) {
        const stat = yield* promise(() => Fs.stat(join(folder, "many", path)))
        expect(yield* promise(() => Fs.readFile(join(folder, "many", path)))).toEqual(Buffer.from(content(i)))
        expect([stat.mtimeMs, (stat.mode & 0o100) !== 0]).toEqual([entries[i]!.mtimeMs, i % 3 === 0])
      }
      const found = yield* Several.inspect(files, [join(folder, "many")])
      const source = yield* files.open(found)
      for (const [i, { path, size }] of found.entries.entries())
        if (size > 0 && i % 5 !== 0) expect(yield* source.read(i, 0, size)).toEqual(content(Number(path.slice(4))))
    }))

  test("that cannot be written fail the rest, and are never stored", (files, folder) =>
    Effect.gen(function* () {
      const entries = Array.from({ length: 40 }, (_, i) => ({ path: `f${i}`, size: 3, executable: false }))
      const landing = yield* files.receive({ directory: folder, token: "22", kind: "folder", entries })
      yield* promise(() => Fs.mkdir(join(folder, ".parley-22.part", "f7")))
      const all = Effect.forEach(entries, (_, i) => landing.write(i, 0, pattern(3)))
      const error = yield* Effect.flip(Effect.zipRight(all, landing.commit(FileName.make("many"))))
      expect(error.message).toMatch(/f\d+|many/)
      expect(yield* promise(() => Fs.readdir(folder))).toEqual([".parley-22.part"])
      yield* landing.discard
      expect(yield* promise(() => Fs.readdir(folder))).toEqual([])
    }))

  test("get folders with their times, and look at each entry a few times only, however many there are", (files, folder) =>
    Effect.gen(function* () {
      let looks = 0
      const counted = <A extends { readonly path: string }>(entry: A): A => {
        const { path } = entry
        const get = () => {
          looks++
          return path
        }
        return Object.defineProperty({ ...entry }, "path", { enumerable: true, get })
      }
      const mtimeMs = 1_000_000_000_000
      const entries = [
        ...Array.from({ length: 30 }, (_, i) => ({ path: `a/b/${i}/c/f`, size: 0, executable: false })),
        ...["", "a", "a/b", ...Array.from({ length: 30 }, (_, i) => `a/e${i}`)].map((path, i) => {
          return { path, size: 0, executable: false, folder: true, mtimeMs: mtimeMs + i * 1_000 }
        })
      ].map(counted)
      const landing = yield* files.receive({ directory: folder, token: "23", kind: "folder", entries })
      const at = yield* landing.commit(FileName.make("tree"))
      expect(looks).toBeLessThan(10 * entries.length)
      for (const [i, path] of ["", "a", "a/b", "a/e0"].entries())
        expect((yield* promise(() => Fs.stat(join(at, path)))).mtimeMs).toBe(mtimeMs + i * 1_000)
      expect((yield* promise(() => Fs.stat(join(at, "a/b/29/c")))).isDirectory()).toBe(true)
    }))

  test("that changed after they were found are told when they are asked for, and cost no other one", (files, folder) =>
    Effect.gen(function* () {
      yield* promise(async () => {
        for (const name of ["a", "b", "c"]) await Fs.writeFile(join(folder, name), "12345")
      })
      const found = yield* Several.inspect(files, [folder])
      yield* promise(() => Fs.writeFile(join(folder, "b"), "123"))
      const source = yield* files.open(found)
      expect((yield* source.read(0, 0, 5)).length).toBe(5)
      expect(yield* Effect.flip(source.read(1, 0, 5))).toMatchObject({ reason: "Changed" })
      expect((yield* source.read(2, 0, 5)).length).toBe(5)
    }))
})

describe("what is sent", () => {
  test("has no links and pipes in it, and nothing that is only arriving", (files, folder) =>
    Effect.gen(function* () {
      yield* promise(async () => {
        await Fs.mkdir(join(folder, "sub", "empty"), { recursive: true })
        await Fs.writeFile(join(folder, "sub", "file"), "x")
        await Fs.symlink("/etc/passwd", join(folder, "link"))
        await Fs.symlink("/etc", join(folder, "sub", "folder-link"))
        await Fs.writeFile(join(folder, ".parley-00.part"), "x")
        execFileSync("mkfifo", [join(folder, "pipe")])
      })
      const found = yield* Several.inspect(files, [folder])
      expect(found.entries.map(({ path }) => path)).toEqual(["sub/file", "", "sub", "sub/empty"])
      expect(found.skipped).toBe(4)
      expect(yield* reasonOf(files.inspect(join(folder, "pipe")))).toBe("NotAFile")
      // Who names a link means what it leads to.
      yield* promise(() => Fs.symlink(join(folder, "sub", "file"), join(folder, "good-link")))
      expect(yield* Several.inspect(files, [join(folder, "good-link")])).toMatchObject({
        kind: "file",
        name: "good-link"
      })
    }))

  test("is told when it became shorter while it was read", (files, folder) =>
    Effect.gen(function* () {
      const path = join(folder, "log")
      yield* promise(() => Fs.writeFile(path, pattern(100)))
      const source = yield* files.open(yield* Several.inspect(files, [path]))
      yield* source.read(0, 0, 10)
      yield* promise(() => Fs.truncate(path, 50))
      expect(yield* reasonOf(source.read(0, 10, 90))).toBe("Changed")
    }))

  test("is not read through a link that took a file's place", (files, folder) =>
    Effect.gen(function* () {
      const [secret, shared] = [join(folder, "secret"), join(folder, "shared")]
      yield* promise(async () => {
        await Fs.mkdir(shared)
        for (const path of [secret, join(shared, "file")]) {
          await Fs.writeFile(path, "0123456789")
          await Fs.utimes(path, 1_000, 1_000)
        }
      })
      const found = yield* Several.inspect(files, [shared])
      yield* promise(async () => {
        await Fs.rm(join(shared, "file"))
        await Fs.symlink(secret, join(shared, "file"))
      })
      const source = yield* files.open(found)
      expect(yield* reasonOf(source.read(0, 0, 10))).toBe("NotAFile")
    }))
})

describe("what arrives", () => {
  test("is stored where permissions cannot be set", (files, folder) =>
    Effect.gen(function* () {
      const entries = [{ path: "stick", size: 1, executable: false }]
      const landing = yield* files.receive({ directory: folder, token: "13", kind: "file", entries })
      // As on a mounted stick or share whose files belong to somebody else.
      const prototype = yield* promise(async () => {
        const handle = await Fs.open(join(folder, ".parley-13.part"))
        await handle.close()
        return Object.getPrototypeOf(handle) as Fs.FileHandle
      })
      const chmod = vi.spyOn(prototype, "chmod").mockRejectedValue(Object.assign(new Error(), { code: "EPERM" }))
      yield* Effect.addFinalizer(() => Effect.sync(() => chmod.mockRestore()))
      expect(yield* landing.commit(FileName.make("stick"))).toBe(join(folder, "stick"))
      expect(chmod).toHaveBeenCalled()
    }))

  test("has its name whole or not at all: killed before the last step, it leaves nothing else", (files, folder) =>
    Effect.gen(function* () {
      const entries = [{ path: "a", size: 1, executable: false }]
      const incoming = { directory: folder, token: "13", kind: "folder", entries } as const
      const killed = vi.spyOn(syncFs.promises, "rename").mockRejectedValue(new Error("killed"))
      syncBuiltinESMExports()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const landing = yield* files.receive(incoming)
          yield* landing.write(0, 0, Uint8Array.of(1))
          yield* Effect.flip(landing.commit(FileName.make("things")))
          expect(killed).toHaveBeenCalled()
        })
      ).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            killed.mockRestore()
            syncBuiltinESMExports()
          })
        )
      )
      expect(yield* promise(() => Fs.readdir(folder))).toEqual([".parley-13.part"])
      const again = yield* files.receive({ ...incoming, committing: true })
      expect(yield* again.commit(FileName.make("things"))).toBe(join(folder, "things"))
      expect(yield* promise(() => Fs.readdir(folder))).toEqual(["things"])
    }))

  test("takes the place of nothing that is there, of no empty folder either", (files, folder) =>
    Effect.gen(function* () {
      yield* promise(async () => {
        await Fs.writeFile(join(folder, "things"), "")
        await Fs.mkdir(join(folder, "things (2)"))
        await Fs.symlink("nowhere", join(folder, "things (3)"))
      })
      const landing = yield* files.receive({ directory: folder, token: "14", kind: "folder", entries: [] })
      expect(yield* landing.commit(FileName.make("things"))).toBe(join(folder, "things (4)"))
      expect(yield* promise(async () => (await Fs.readdir(folder)).length)).toBe(4)
    }))

  test("gets the first free one of a thousand numbers, and does not ask for each", (files, folder) =>
    Effect.gen(function* () {
      const put = (number: number) => Fs.writeFile(join(folder, FileName.numbered(FileName.make("n"), number)), "")
      const link = vi.spyOn(syncFs.promises, "link")
      const tries: Array<number> = []
      const store = (token: string) =>
        Effect.gen(function* () {
          link.mockClear()
          const entries = [{ path: "n", size: 0, executable: false }]
          const landing = yield* files.receive({ directory: folder, token, kind: "file", entries })
          const path = yield* Effect.either(landing.commit(FileName.make("n")))
          tries.push(link.mock.calls.length)
          if (path._tag === "Left") yield* landing.discard
          return path._tag === "Left" ? path.left.message : path.right.slice(folder.length + 1)
        })
      syncBuiltinESMExports()
      yield* Effect.gen(function* () {
        expect(yield* store("20")).toBe("n")
        for (let number = 2; number <= 300; number++) if (number !== 299) yield* promise(() => put(number))
        expect(yield* store("21")).toBe("n (301)")
        for (let number = 302; number <= 999; number++) yield* promise(() => put(number))
        expect(yield* store("22")).toBe("n (1000)")
        expect(yield* store("23")).toContain("there are 1000 things called n")
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            link.mockRestore()
            syncBuiltinESMExports()
          })
        )
      )
      expect(tries).toEqual([1, 1, 1, 0])
    }))

  test("is asked for at the same time by several, also where one was killed while it asked", (files, folder) =>
    Effect.gen(function* () {
      yield* promise(() => Fs.writeFile(join(folder, PROBE), ""))
      const asked = yield* Effect.all(
        Array.from({ length: 16 }, () => files.directory(folder)),
        { concurrency: "unbounded" }
      )
      expect(new Set(asked.map(({ folds }) => folds)).size).toBe(1)
      expect(yield* promise(() => Fs.readdir(folder))).toEqual([])
      yield* promise(() => Fs.writeFile(join(folder, PROBE), ""))
      const landing = yield* files.receive({ directory: folder, token: "15", kind: "folder", entries: [] })
      yield* landing.commit(FileName.make("things"))
      expect(yield* promise(() => Fs.readdir(folder))).toEqual(["things"])
    }))

  test("is private until it has its name, and has usual permissions then", (files, folder) =>
    Effect.gen(function* () {
      const entries = [{ path: "a/b", size: 1, executable: true }]
      const landing = yield* files.receive({ directory: folder, token: "12", kind: "folder", entries })
      yield* landing.write(0, 0, Uint8Array.of(1))
      const modeOf = (path: string) =>
        promise(async () => ((await Fs.stat(join(folder, path))).mode & 0o777).toString(8))
      // It is written while more may come.
      yield* promise(() => vi.waitFor(() => Fs.stat(join(folder, ".parley-12.part/a/b")), { timeout: 60_000 }))
      expect(yield* modeOf(".parley-12.part")).toBe("700")
      // Nobody else gets through the folder, so what is small and whole has its permissions already.
      expect(["600", "755"]).toContain(yield* modeOf(".parley-12.part/a/b"))
      yield* landing.commit(FileName.make("things"))
      const open = (0o777 & ~process.umask()).toString(8)
      expect(yield* modeOf("things")).toBe(open)
      expect(yield* modeOf("things/a")).toBe(open)
      expect(yield* modeOf("things/a/b")).toBe(open)
      expect(yield* promise(() => Fs.readdir(folder))).toEqual(["things"])
    }))

  test("is written through no link", (files, folder) =>
    Effect.gen(function* () {
      const victim = join(folder, "victim")
      yield* promise(async () => {
        await Fs.writeFile(victim, "mine")
        await Fs.symlink(victim, join(folder, ".parley-01.part"))
        await Fs.link(victim, join(folder, ".parley-02.part"))
        await Fs.symlink(folder, join(folder, ".parley-03.part"))
      })
      const entries = [{ path: "x", size: 9, executable: false }]
      const receive = (token: string, kind: "file" | "folder") =>
        reasonOf(files.receive({ directory: folder, token, kind, entries }))
      expect(yield* receive("01", "file")).toBe("NotAFile")
      expect(yield* receive("02", "file")).toBe("Other")
      expect(yield* receive("03", "folder")).toBe("Other")
      expect(yield* promise(() => Fs.readFile(victim, "utf8"))).toBe("mine")
    }))

  test("takes no room before it is there", (files, folder) =>
    Effect.gen(function* () {
      const entries = [{ path: "big", size: 2 ** 33, executable: false }]
      yield* files.receive({ directory: folder, token: "aa", kind: "file", entries })
      const stat = yield* promise(() => Fs.stat(join(folder, ".parley-aa.part")))
      expect(stat.size).toBe(2 ** 33)
      expect(stat.blocks * 512).toBeLessThan(2 ** 20)
    }))
})

const promise = <A>(act: () => Promise<A>) => Effect.promise(act)

const reasonOf = <A, R>(effect: Effect.Effect<A, FilesError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

describe("a process that was killed in the middle of storing", () => {
  test("finds the file under the name that it had got, and only then", (files, folder) =>
    Effect.gen(function* () {
      const partial = join(folder, ".parley-02.part")
      yield* promise(async () => {
        await Fs.writeFile(join(folder, "film.mp4"), "all of it")
        await Fs.link(join(folder, "film.mp4"), partial)
      })
      const incoming = {
        directory: folder,
        token: "02",
        kind: "file",
        committing: true,
        entries: [{ path: "x", size: 9, executable: false }]
      } as const
      expect(yield* files.receive(incoming)).toMatchObject({ fresh: true, stored: join(folder, "film.mp4") })
      expect(yield* promise(() => Fs.readFile(join(folder, "film.mp4"), "utf8"))).toBe("all of it")
      expect(yield* promise(() => Fs.readdir(folder))).toEqual(["film.mp4"])
    }))
})

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import * as Several from "../../../src/client/files/Several.js"
import * as FileName from "../../../src/domain/FileName.js"
import type { Files, FilesError, Incoming } from "../../../src/services/Files.js"
import { isSame, pattern } from "./Recorder.js"
import type { Subject } from "./Suite.js"

type Service = Files["Type"]

/** Every guarantee of `Files` that one living process can see; `folder` gives an empty folder for each test. */
export const suite = <R>(
  name: string,
  { run }: Subject<R>,
  folder: Effect.Effect<string, never, R | Scope.Scope>,
  files: Effect.Effect<Service, never, R>
): void => {
  const test = (title: string, body: (files: Service, folder: string) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it(title, () =>
      run(
        Effect.gen(function* () {
          yield* body(yield* files, yield* folder)
        })
      )
    )

  describe(`Files on ${name}`, () => {
    test("finds a file that arrived, and reads any part of it", (files, folder) =>
      Effect.gen(function* () {
        const content = pattern(300_000)
        const path = yield* put(files, folder, "film.mp4", content)
        const found = yield* Several.inspect(files, [path])
        expect(found).toMatchObject({ path, kind: "file", name: "film.mp4", skipped: 0 })
        expect(found.entries).toEqual([
          { path: "film.mp4", size: 300_000, mtimeMs: expect.any(Number), executable: false }
        ])
        const source = yield* files.open(found)
        for (const [offset, length] of [
          [0, 300_000],
          [1, 1],
          [299_999, 1],
          [100_000, 70_000]
        ] as const) {
          const bytes = yield* source.read(0, offset, length)
          expect(bytes.constructor).toBe(Uint8Array)
          expect(isSame(bytes, content.subarray(offset, offset + length))).toBe(true)
          // Nobody else has it.
          bytes.fill(0)
        }
      }))

    test("finds a folder with all files below it, the empty ones too", (files, folder) =>
      Effect.gen(function* () {
        const entries = [
          { path: "a", size: 3, executable: false },
          { path: "b/c", size: 0, executable: true },
          { path: "b/d/e", size: 2, executable: false }
        ]
        const landing = yield* files.receive({ directory: folder, token: "01", kind: "folder", entries })
        expect(landing.fresh).toBe(true)
        yield* landing.write(0, 0, pattern(3))
        yield* landing.write(2, 0, pattern(2))
        const path = yield* landing.commit(FileName.make("things"))
        const found = yield* Several.inspect(files, [path])
        expect(found).toMatchObject({ kind: "folder", name: "things", skipped: 0 })
        const [plain, folders] = [0, 3].map((at) => found.entries.slice(at, at + 3))
        expect(plain!.map(({ mtimeMs, ...entry }) => entry)).toEqual(entries)
        expect(folders!.map(({ folder, path, size }) => [path, size, folder])).toEqual(
          ["", "b", "b/d"].map((path) => [path, 0, true])
        )
        const source = yield* files.open(found)
        expect(yield* source.read(2, 1, 1)).toEqual(pattern(2).slice(1))
        expect(yield* source.read(0, 0, 3)).toEqual(pattern(3))
      }))

    test("tells what cannot be found", (files, folder) =>
      Effect.gen(function* () {
        const path = yield* put(files, folder, "file", pattern(1))
        expect(yield* reasonOf(files.inspect(`${folder}/none`))).toBe("NotFound")
        expect(yield* reasonOf(files.directory(`${folder}/none`))).toBe("NotFound")
        expect(yield* reasonOf(files.directory(path))).toBe("NotFound")
        expect(yield* files.directory(folder)).toEqual({
          path: folder,
          free: expect.any(Number),
          folds: expect.any(Boolean)
        })
      }))

    test("reads of a file that grows what there was of it when it was found", (files) =>
      Effect.gen(function* () {
        const spool = yield* files.spool
        yield* spool.append(pattern(10))
        const found = yield* files.inspect(spool.path)
        yield* spool.append(pattern(1))
        const source = yield* files.open(found)
        expect(yield* source.read(0, 0, 10)).toEqual(pattern(10))
      }))

    test("shows nothing under its name before it is committed, and never overwrites", (files, folder) =>
      Effect.gen(function* () {
        for (const [index, expected] of ["n.txt", "n (2).txt", "n (3).txt"].entries()) {
          const landing = yield* files.receive(file(folder, `0${index}`, 2))
          yield* landing.write(0, 0, Uint8Array.of(index, index))
          expect(yield* reasonOf(files.inspect(`${folder}/${expected}`))).toBe("NotFound")
          expect(yield* landing.commit(FileName.make("n.txt"))).toBe(`${folder}/${expected}`)
        }
        for (const [index, name] of ["n.txt", "n (2).txt", "n (3).txt"].entries()) {
          expect(yield* contentOf(files, `${folder}/${name}`)).toEqual(Uint8Array.of(index, index))
        }
        const one = { path: "one", size: 1, executable: false }
        for (const [token, expected] of [
          ["1a", "n (4).txt"],
          ["1b", "n (5).txt"]
        ] as const) {
          const landing = yield* files.receive({ directory: folder, token, kind: "folder", entries: [one] })
          expect(yield* landing.commit(FileName.make("n.txt"))).toBe(`${folder}/${expected}`)
        }
      }))

    test("leaves what arrived for the next process, and takes it away when asked to", (files, folder) =>
      Effect.gen(function* () {
        const incoming = file(folder, "ab", 10)
        yield* Effect.scoped(
          Effect.flatMap(files.receive(incoming), (landing) => landing.write(0, 4, Uint8Array.of(1, 2)))
        )
        const landing = yield* files.receive(incoming)
        expect(landing.fresh).toBe(false)
        expect(yield* landing.read(0, 0, 10)).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 2, 0, 0, 0, 0))
        // What is arriving is not sent on.
        expect((yield* files.inspect(folder)).entries.map(({ path }) => path)).toEqual([""])
        yield* landing.discard
        // What still went on with it makes nothing anew.
        yield* Effect.ignore(landing.read(0, 0, 10))
        yield* Effect.ignore(landing.write(0, 0, Uint8Array.of(1)))
        expect((yield* files.receive(incoming)).fresh).toBe(true)
      }))

    test("makes no folder again that was removed", (files, folder) =>
      Effect.gen(function* () {
        const one = { path: "one", size: 1, executable: false }
        for (const kind of ["file", "folder"] as const) {
          const gone = { directory: `${folder}/gone`, token: "ad", kind, entries: [one] }
          expect(yield* reasonOf(Effect.scoped(files.receive(gone)))).toBe("NotFound")
        }
        expect(yield* reasonOf(files.directory(`${folder}/gone`))).toBe("NotFound")
      }))

    test("makes an executable one, and an empty one", (files, folder) =>
      Effect.gen(function* () {
        const entries = [{ path: "run", size: 0, executable: true }]
        const landing = yield* files.receive({ directory: folder, token: "aa", kind: "file", entries })
        const path = yield* landing.commit(FileName.make("run"))
        expect((yield* files.inspect(path)).entries).toMatchObject([{ size: 0, executable: true }])
      }))

    test("removes a spooled file with its scope", (files) =>
      Effect.gen(function* () {
        const path = yield* Effect.scoped(
          Effect.gen(function* () {
            const spool = yield* files.spool
            yield* spool.append(pattern(70_000))
            yield* spool.append(pattern(5))
            expect(yield* contentOf(files, spool.path)).toEqual(Uint8Array.of(...pattern(70_000), ...pattern(5)))
            return spool.path
          })
        )
        expect(yield* reasonOf(files.inspect(path))).toBe("NotFound")
      }))
  })
}

const file = (directory: string, token: string, size: number): Incoming => ({
  directory,
  token,
  kind: "file",
  entries: [{ path: "as they call it", size, executable: false }]
})

const put = (files: Service, folder: string, name: string, bytes: Uint8Array) =>
  Effect.scoped(
    Effect.gen(function* () {
      const landing = yield* files.receive(file(folder, "0f", bytes.length))
      yield* landing.write(0, 0, bytes)
      return yield* landing.commit(FileName.make(name))
    })
  )

const contentOf = (files: Service, path: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const found = yield* Several.inspect(files, [path])
      return yield* (yield* files.open(found)).read(0, 0, found.entries[0]!.size)
    })
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, FilesError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

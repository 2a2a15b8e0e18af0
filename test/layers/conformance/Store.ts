import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { Store, type StoreError } from "../../../src/services/Store.js"
import { MAX_FILE_BYTES } from "../../../src/services/StoreName.js"
import { pattern, utf8 } from "./Recorder.js"
import type { Subject } from "./Suite.js"

/**
 * Every guarantee of `Store` that one living process can see, on a store that is empty at the beginning of each test.
 */
export const suite = (name: string, { run }: Subject<Store>): void => {
  const test = (title: string, body: (store: typeof Store.Service) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it(title, () => run(Effect.flatMap(Store, body)))

  describe(`Store on ${name}`, () => {
    test("reads back what was written, whole", (store) =>
      Effect.gen(function* () {
        expect(yield* store.read("profile")).toEqual(Option.none())
        for (const content of [pattern(100_000), new Uint8Array(0), pattern(3)]) {
          yield* store.write("profile", content)
          expect(yield* store.read("profile")).toEqual(Option.some(content))
        }
      }))

    test("gives a secret that it wrote itself", (store) =>
      Effect.gen(function* () {
        expect(yield* store.readSecret("folder/key")).toEqual(Option.none())
        yield* store.write("folder/key", utf8("1"))
        expect(yield* store.readSecret("folder/key")).toEqual(Option.some(utf8("1")))
        expect(yield* reasonOf(store.readSecret("folder"))).toBe("Other")
      }))

    test("keeps its content apart from the caller's memory", (store) =>
      Effect.gen(function* () {
        const content = pattern(10)
        yield* store.write("a", content)
        content.fill(0)
        const read = Option.getOrThrow(yield* store.read("a"))
        expect(read.constructor).toBe(Uint8Array)
        expect(read).toEqual(pattern(10))
        read.fill(0)
        expect(yield* store.read("a")).toEqual(Option.some(pattern(10)))
      }))

    test("makes the folders of a name, and sees nothing where there is none", (store) =>
      Effect.gen(function* () {
        yield* store.write("peers/alice/pin", utf8("1"))
        expect(yield* store.read("peers/alice/pin")).toEqual(Option.some(utf8("1")))
        expect(yield* store.read("peers/bob/pin")).toEqual(Option.none())
        expect(yield* store.read("peers/alice/pin/below")).toEqual(Option.none())
      }))

    test("takes folders for no files, and files for no folders", (store) =>
      Effect.gen(function* () {
        yield* store.write("folder/file", utf8("1"))
        expect(yield* reasonOf(store.read("folder"))).toBe("Other")
        expect(yield* reasonOf(store.write("folder", utf8("2")))).toBe("Other")
        expect(yield* reasonOf(store.write("folder/file/below", utf8("2")))).toBe("Other")
        expect(yield* reasonOf(Effect.scoped(store.journal("folder/file/below")))).toBe("Other")
        expect(yield* reasonOf(store.remove("folder"))).toBe("Other")
        expect(yield* store.read("folder/file")).toEqual(Option.some(utf8("1")))
      }))

    test("lists full names, sorted, at any depth", (store) =>
      Effect.gen(function* () {
        expect(yield* store.list("")).toEqual([])
        expect(yield* store.list("none")).toEqual([])
        for (const file of ["b", "a/2", "a/10", "a/x/y", "ab"]) yield* store.write(file, utf8(file))
        yield* Effect.scoped(store.journal("a/journal"))
        yield* store.lock("a")
        expect(yield* store.list("a")).toEqual(["a/10", "a/2", "a/journal", "a/x/y"])
        expect(yield* store.list("")).toEqual(["a/10", "a/2", "a/journal", "a/x/y", "ab", "b"])
        expect(yield* store.list("a/x")).toEqual(["a/x/y"])
      }))

    test("removes, also what is not there", (store) =>
      Effect.gen(function* () {
        yield* store.write("a/b", utf8("1"))
        yield* store.remove("a/b")
        yield* store.remove("a/b")
        yield* store.remove("never/was")
        expect(yield* store.read("a/b")).toEqual(Option.none())
        expect(yield* store.list("")).toEqual([])
      }))

    test("keeps the order of concurrent writes and removals", (store) =>
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) {
          const writes = Array.from({ length: 10 }, (_, index) => store.write("a", utf8(`${index}`)))
          yield* Effect.all(writes, { concurrency: "unbounded" })
          expect(yield* store.read("a")).toEqual(Option.some(utf8("9")))
          yield* Effect.all([store.write("a", utf8("x")), store.remove("a")], { concurrency: "unbounded" })
          expect(yield* store.read("a")).toEqual(Option.none())
        }
      }))

    for (const bad of BAD_NAMES) {
      test(`refuses the name ${JSON.stringify(bad.slice(0, 20))}`, (store) =>
        Effect.gen(function* () {
          expect(yield* reasonOf(store.read(bad))).toBe("BadName")
          expect(yield* reasonOf(store.write(bad, utf8("x")))).toBe("BadName")
          expect(yield* reasonOf(store.remove(bad))).toBe("BadName")
          expect(yield* reasonOf(Effect.scoped(store.journal(bad)))).toBe("BadName")
          expect(yield* reasonOf(Effect.scoped(store.lock(bad)))).toBe("BadName")
          // The empty name is the store itself.
          if (bad !== "") expect(yield* reasonOf(store.list(bad))).toBe("BadName")
        }))
    }

    test("takes the longest and deepest names", (store) =>
      Effect.gen(function* () {
        for (const good of ["...", "a".repeat(128), "1/2/3/4/5/6/7/8", "._-", "-rf"]) {
          yield* store.write(good, utf8("x"))
          yield* Effect.scoped(store.lock(good))
          expect(yield* store.read(good)).toEqual(Option.some(utf8("x")))
          expect(yield* store.list("")).toContain(good)
        }
      }))

    test("bounds the size of a file, and leaves the old one in place", (store) =>
      Effect.gen(function* () {
        yield* store.write("a", utf8("old"))
        expect(yield* reasonOf(store.write("a", new Uint8Array(MAX_FILE_BYTES + 1)))).toBe("TooLarge")
        expect(yield* store.read("a")).toEqual(Option.some(utf8("old")))
        const journal = yield* store.journal("a")
        expect(journal.append(new Uint8Array(MAX_FILE_BYTES - 2))?.reason).toBe("TooLarge")
        expect(journal.append(utf8("er"))).toBe(undefined)
        expect(yield* store.read("a")).toEqual(Option.some(utf8("older")))
      }))

    test("appends to a journal in order, and goes on where it was left", (store) =>
      Effect.gen(function* () {
        const lines = Array.from({ length: 50 }, (_, index) => `line ${index}\n`)
        const half = (from: number, to: number) =>
          Effect.scoped(
            Effect.gen(function* () {
              const journal = yield* store.journal("history/alice")
              for (const line of lines.slice(from, to)) journal.append(utf8(line))
              yield* journal.sync
              yield* journal.sync
            })
          )
        yield* half(0, 25)
        expect(yield* store.read("history/alice")).toEqual(Option.some(utf8(lines.slice(0, 25).join(""))))
        yield* half(25, 50)
        expect(yield* store.read("history/alice")).toEqual(Option.some(utf8(lines.join(""))))
      }))

    test("leaves an open journal with the file that a write has replaced", (store) =>
      Effect.gen(function* () {
        const journal = yield* store.journal("j")
        journal.append(utf8("old"))
        yield* store.write("j", utf8("new"))
        journal.append(utf8("er"))
        expect(yield* store.read("j")).toEqual(Option.some(utf8("new")))
      }))

    test("closes a journal with its scope", (store) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const journal = yield* Scope.extend(store.journal("j"), scope)
        yield* Scope.close(scope, Exit.void)
        expect(journal.append(utf8("late"))?.reason).toBe("Other")
        expect(yield* store.read("j")).toEqual(Option.some(new Uint8Array(0)))
      }))

    test("locks exclusively, until the scope closes", (store) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Scope.extend(store.lock("profile"), scope)
        const error = yield* Effect.flip(Effect.scoped(store.lock("profile")))
        expect(error.reason).toBe("Locked")
        expect(error.message).not.toBe("")
        yield* Effect.scoped(store.lock("another"))
        yield* store.write("profile", utf8("a lock is no file"))
        yield* Scope.close(scope, Exit.void)
        yield* store.lock("profile")
        expect(yield* reasonOf(Effect.scoped(store.lock("profile")))).toBe("Locked")
      }))

    test("gives a lock to one of many that want it at once", (store) =>
      Effect.gen(function* () {
        const exits = yield* Effect.all(
          Array.from({ length: 20 }, () => Effect.exit(store.lock("profile"))),
          { concurrency: "unbounded" }
        )
        expect(exits.filter(Exit.isSuccess)).toHaveLength(1)
      }))
  })
}

const BAD_NAMES: ReadonlyArray<string> = [
  "",
  ".",
  "..",
  "a/../b",
  "../a",
  "/a",
  "a/",
  "a//b",
  "a b",
  "a\\b",
  "a\0",
  "ä",
  "a~lock",
  "a".repeat(129),
  "1/2/3/4/5/6/7/8/9"
]

const reasonOf = <A>(effect: Effect.Effect<A, StoreError>) =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error.message).not.toBe("")
    return error.reason
  })

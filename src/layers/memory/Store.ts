import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Journal, Store, StoreError } from "../../services/Store.js"
import * as StoreName from "../../services/StoreName.js"
import * as Timer from "../../services/Timer.js"
import { Disk, type DiskFile } from "./Disk.js"

/** A store that begins empty and is forgotten with the layer. */
export const layer: Layer.Layer<Store> = Layer.suspend(() => layerOn(new Disk()))

/** The program's own files on `disk`, which outlive the layer: give it to the next program, and that finds them. */
export const layerOn = (disk: Disk): Layer.Layer<Store> =>
  Layer.effect(
    Store,
    Effect.map(Timer.make, (after) => make(disk, after, "memory"))
  )

/** `Store` on a disk; `after` lets the time pass that each operation takes. */
export const make = (disk: Disk, after: Timer.Timer, location: string): Store["Type"] => {
  const operate = operation(disk, after)
  const read = (name: string) =>
    operate(name, () =>
      disk.isFolder(name)
        ? failed("Other", `cannot read ${name}: it is a folder`)
        : Option.fromNullable(disk.read(name))
    )
  return {
    location,
    read,
    // Nobody else is on this machine.
    readSecret: read,
    write: (name, content) =>
      operate(name, () => {
        if (content.length > StoreName.MAX_FILE_BYTES) return StoreName.tooLarge(`write ${name}`)
        return inTheWay(disk, name) ?? refusal(disk, content.length - disk.size(name)) ?? disk.replace(name, content)
      }),
    journal: (name) =>
      Effect.flatMap(
        operate(name, () => inTheWay(disk, name) ?? refusal(disk, 0) ?? disk.open(name)),
        (file) => openJournal(disk, operate, name, file)
      ),
    remove: (name) =>
      operate(name, () => {
        if (disk.isFolder(name)) return failed("Other", `cannot remove ${name}: it is a folder`)
        return disk.readOnly ? refusal(disk, 0) : disk.remove(name)
      }),
    list: (folder) =>
      folder === ""
        ? Effect.sync(() => disk.names())
        : operate(folder, () => disk.names().filter((name) => name.startsWith(`${folder}/`))),
    lock: (name) =>
      Effect.acquireRelease(
        operate(name, () => {
          if (disk.locks.has(name))
            return failed("Locked", `another part of the program, or another process, holds ${name}`)
          const owner = {}
          disk.locks.set(name, owner)
          return owner
        }),
        (owner) =>
          Effect.sync(() => {
            if (disk.locks.get(name) === owner) disk.locks.delete(name)
          })
      ).pipe(Effect.asVoid)
  }
}

/** Checks the name, takes the disk's time, then acts if nobody has interrupted it. */
const operation =
  (disk: Disk, after: Timer.Timer): Operation =>
  <A>(name: string, act: () => A | StoreError) =>
    Effect.async<A, StoreError>((resume) => {
      if (StoreName.parse(name) === undefined) return resume(Effect.fail(StoreName.badName(name)))
      const finish = () => {
        disk.onOperation()
        const result = act()
        resume(result instanceof StoreError ? Effect.fail(result) : Effect.succeed(result))
      }
      if (disk.delayMs <= 0) return finish()
      return Effect.sync(after(disk.delayMs, finish))
    })

type Operation = <A>(name: string, act: () => A | StoreError) => Effect.Effect<A, StoreError>

const openJournal = (
  disk: Disk,
  operate: Operation,
  name: string,
  file: DiskFile
): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function* () {
    let open = true
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        open = false
      })
    )
    const closed = () => (open ? undefined : failed("Other", `${name} has been closed`))
    return {
      // Takes no time: it goes no further than the system's memory.
      append: (bytes) => {
        disk.onOperation()
        if (file.length + bytes.length > StoreName.MAX_FILE_BYTES) return StoreName.tooLarge(`append to ${name}`)
        return closed() ?? refusal(disk, bytes.length) ?? disk.append(file, bytes)
      },
      sync: operate(name, () => closed() ?? (disk.readOnly ? refusal(disk, 0) : disk.sync(file)))
    }
  })

/** Why the disk does not take `more` bytes, when it does not. */
const refusal = (disk: Disk, more: number): StoreError | undefined => {
  if (disk.readOnly) return failed("ReadOnly", "the disk is read-only")
  if (disk.capacity !== undefined && disk.used() + more > disk.capacity) return failed("Full", "the disk is full")
  return undefined
}

const inTheWay = (disk: Disk, name: string): StoreError | undefined => {
  const segments = name.split("/")
  const below = segments.some((_, end) => end > 0 && disk.has(segments.slice(0, end).join("/")))
  return below || disk.isFolder(name)
    ? failed("Other", `cannot write ${name}: a file or folder is in the way`)
    : undefined
}

const failed = (reason: StoreError["reason"], message: string): StoreError => new StoreError({ reason, message })

import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Journal, type Store, StoreError } from "../services/Store.js"
import * as StoreName from "../services/StoreName.js"
import type { Disk, DiskFile } from "./Disk.js"
import type { Process } from "./kernel/Process.js"

/** `Store` on a simulated disk, for the programs of one process. */
export const make = (disk: Disk, process: Process): Context.Tag.Service<Store> => {
  const operate = operation(disk, process)
  return {
    location: `the simulated disk of ${process.name}`,
    read: (name) =>
      operate(name, () =>
        disk.isFolder(name)
          ? failed("Other", `cannot read ${name}: it is a folder`)
          : Option.fromNullable(disk.read(name))
      ),
    write: (name, content) =>
      operate(name, () => {
        if (content.length > StoreName.MAX_FILE_BYTES) return StoreName.tooLarge(`write ${name}`)
        return inTheWay(disk, name) ?? refusal(disk, content.length - disk.size(name)) ?? disk.replace(name, content)
      }),
    journal: (name) =>
      Effect.flatMap(
        operate(name, () => inTheWay(disk, name) ?? refusal(disk, 0) ?? disk.open(name)),
        (file) => openJournal(disk, process, name, file)
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
          if (disk.locks.has(name)) return failed("Locked", `another process holds ${name}`)
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

/** Waits as long as the disk takes for one operation. */
export const turn = (disk: Disk, process: Process): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (disk.delayMs <= 0) return resume(Effect.void)
    const timer = process.after(disk.delayMs * 1000, () => resume(Effect.void))
    return Effect.sync(() => process.kernel.cancel(timer))
  })

/** Checks the name, takes the disk's time, then acts if the process still lives. */
const operation =
  (disk: Disk, process: Process) =>
  <A>(name: string, act: () => A | StoreError): Effect.Effect<A, StoreError> =>
    Effect.async<A, StoreError>((resume) => {
      if (StoreName.parse(name) === undefined) return resume(Effect.fail(StoreName.badName(name)))
      const finish = () => {
        const result = act()
        resume(result instanceof StoreError ? Effect.fail(result) : Effect.succeed(result))
      }
      if (disk.delayMs <= 0) return finish()
      const timer = process.after(disk.delayMs * 1000, finish)
      return Effect.sync(() => process.kernel.cancel(timer))
    })

const openJournal = (
  disk: Disk,
  process: Process,
  name: string,
  file: DiskFile
): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const operate = operation(disk, process)
    let open = true
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        open = false
      })
    )
    const closed = () => (open ? undefined : failed("Other", `${name} has been closed`))
    return {
      append: (bytes) =>
        operate(name, () => {
          if (file.length + bytes.length > StoreName.MAX_FILE_BYTES) return StoreName.tooLarge(`append to ${name}`)
          return closed() ?? refusal(disk, bytes.length) ?? disk.append(file, bytes)
        }),
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

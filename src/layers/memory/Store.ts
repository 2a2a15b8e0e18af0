import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Journal, Store, StoreError } from "../../services/Store.js"
import * as StoreName from "../../services/StoreName.js"

/** What outlives a program: give the same disk to the next one and it finds the files. */
export interface Disk {
  readonly files: Map<string, MemoryFile>
  readonly locks: Set<string>
}

interface MemoryFile {
  bytes: Uint8Array
  /** How many of `bytes` are content; the rest is room to grow. */
  length: number
}

export const makeDisk = (): Disk => ({ files: new Map(), locks: new Set() })

/** A store that begins empty and is forgotten with the layer. */
export const layer: Layer.Layer<Store> = Layer.sync(Store, () => make(makeDisk()))

export const layerOn = (disk: Disk): Layer.Layer<Store> => Layer.sync(Store, () => make(disk))

const make = ({ files, locks }: Disk): typeof Store.Service => ({
  location: "memory",
  read: (name) =>
    named(name, () =>
      isFolder(files, name)
        ? Effect.fail(other(`cannot read ${name}: it is a folder`))
        : Effect.succeed(Option.map(Option.fromNullable(files.get(name)), contentOf))
    ),
  write: (name, content) =>
    creatable(files, name, () => {
      if (content.length > StoreName.MAX_FILE_BYTES) return Effect.fail(StoreName.tooLarge(`write ${name}`))
      files.set(name, { bytes: new Uint8Array(content), length: content.length })
      return Effect.void
    }),
  journal: (name) =>
    creatable(files, name, () => {
      const file = files.get(name) ?? { bytes: new Uint8Array(0), length: 0 }
      files.set(name, file)
      return openJournal(name, file)
    }),
  remove: (name) =>
    named(name, () => {
      if (isFolder(files, name)) return Effect.fail(other(`cannot remove ${name}: it is a folder`))
      files.delete(name)
      return Effect.void
    }),
  list: (folder) => {
    const below = Effect.sync(() =>
      [...files.keys()].filter((name) => folder === "" || name.startsWith(`${folder}/`)).sort()
    )
    return folder === "" ? below : named(folder, () => below)
  },
  lock: (name) =>
    named(name, () =>
      Effect.acquireRelease(
        Effect.suspend(() => (locks.has(name) ? Effect.fail(lockedBy(name)) : Effect.succeed(locks.add(name)))),
        () => Effect.sync(() => locks.delete(name))
      ).pipe(Effect.asVoid)
    )
})

const openJournal = (name: string, file: MemoryFile): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function* () {
    let open = true
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        open = false
      })
    )
    const whenOpen = (act: () => Effect.Effect<void, StoreError>) =>
      Effect.suspend(() => (open ? act() : Effect.fail(other(`${name} has been closed`))))
    return {
      append: (bytes) => whenOpen(() => append(name, file, bytes)),
      sync: whenOpen(() => Effect.void)
    }
  })

const append = (name: string, file: MemoryFile, bytes: Uint8Array): Effect.Effect<void, StoreError> => {
  const length = file.length + bytes.length
  if (length > StoreName.MAX_FILE_BYTES) return Effect.fail(StoreName.tooLarge(`append to ${name}`))
  if (length > file.bytes.length) {
    const grown = new Uint8Array(length * 2)
    grown.set(contentOf(file))
    file.bytes = grown
  }
  file.bytes.set(bytes, file.length)
  file.length = length
  return Effect.void
}

const contentOf = (file: MemoryFile): Uint8Array => file.bytes.slice(0, file.length)

const named = <A, R>(name: string, act: () => Effect.Effect<A, StoreError, R>): Effect.Effect<A, StoreError, R> =>
  Effect.suspend(() => (StoreName.parse(name) === undefined ? Effect.fail(StoreName.badName(name)) : act()))

/** Only where a file system would let the file be: not in the place of a folder, nor below a file. */
const creatable = <A, R>(
  files: Disk["files"],
  name: string,
  act: () => Effect.Effect<A, StoreError, R>
): Effect.Effect<A, StoreError, R> =>
  named(name, () => {
    const segments = name.split("/")
    const blocked =
      isFolder(files, name) || segments.some((_, end) => end > 0 && files.has(segments.slice(0, end).join("/")))
    return blocked ? Effect.fail(other(`cannot write ${name}: a file or folder is in the way`)) : act()
  })

const isFolder = (files: Disk["files"], name: string): boolean =>
  [...files.keys()].some((file) => file.startsWith(`${name}/`))

const other = (message: string): StoreError => new StoreError({ reason: "Other", message })

const lockedBy = (name: string): StoreError =>
  new StoreError({ reason: "Locked", message: `another part of the program holds ${name}` })

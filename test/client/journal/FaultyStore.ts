import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Disk } from "../../../src/layers/memory/Disk.js"
import { Store, StoreError } from "../../../src/services/Store.js"

/**
 * A store on a disk that forgets, when the power fails, what was not flushed. It can be made to stop in the middle of
 * everything: from one operation on nothing happens any more, as if the process had been killed there.
 */
export class FaultyStore {
  readonly disk = new Disk()
  /** Operations until the process is dead to the world. */
  private left = Number.POSITIVE_INFINITY
  private life = 0
  private readonly waiting: Array<() => void> = []

  /** Milliseconds that a flush takes. */
  syncMs = 0

  /** Whether an operation was ever asked of the dead. */
  died = false
  /** Called when that happens for the first time: what the dead do from then on is to reach nobody. */
  onDeath: () => void = () => {}

  /** The `operations` that follow take place, and then none. */
  dieAfter(operations: number): void {
    this.left = operations
  }

  /**
   * The power fails, and the process is gone whatever it believes; `survives` as in `Disk.losePower`. The next one
   * finds what is left.
   */
  restart(survives: (unsynced: number) => number = () => 0): void {
    this.life++
    for (const bury of this.waiting.splice(0)) bury()
    this.left = Number.POSITIVE_INFINITY
    this.disk.losePower(survives)
  }

  /** For one process. */
  get layer(): Layer.Layer<Store> {
    return Layer.sync(Store, () => this.make(this.life))
  }

  private die(): void {
    if (!this.died) this.onDeath()
    this.died = true
  }

  private make(life: number): typeof Store.Service {
    const { disk } = this
    const operate = <A>(act: () => A | StoreError): Effect.Effect<A, StoreError> =>
      Effect.suspend(() => {
        if (life !== this.life) return Effect.fail(GONE)
        if (this.left <= 0) {
          this.die()
          return Effect.async<never, StoreError>((resume) => {
            this.waiting.push(() => resume(Effect.fail(GONE)))
          })
        }
        this.left--
        const result = act()
        return result instanceof StoreError ? Effect.fail(result) : Effect.succeed(result)
      })
    const read = (name: string) => operate(() => Option.fromNullable(disk.read(name)))
    return {
      location: "disk",
      read,
      readSecret: read,
      write: (name, content) =>
        operate(() => refusal(disk, content.length - disk.size(name)) ?? disk.replace(name, content)),
      journal: (name) =>
        Effect.map(
          operate(() => refusal(disk, 0) ?? disk.open(name)),
          (file) => ({
            append: (bytes) => {
              if (life !== this.life) return GONE
              if (this.left <= 0) {
                this.die()
                return undefined
              }
              this.left--
              return refusal(disk, bytes.length) ?? disk.append(file, bytes)
            },
            sync: Effect.zipRight(
              Effect.suspend(() => (this.syncMs > 0 ? Effect.sleep(this.syncMs) : Effect.void)),
              operate(() => disk.sync(file))
            )
          })
        ),
      remove: (name) => operate(() => disk.remove(name)),
      list: () => operate(() => disk.names()),
      lock: (name) =>
        Effect.acquireRelease(
          operate(() => {
            if (disk.locks.has(name)) return new StoreError({ reason: "Locked", message: "locked" })
            disk.locks.set(name, this)
            return undefined
          }),
          () => Effect.sync(() => (life === this.life ? disk.locks.delete(name) : false))
        ).pipe(Effect.asVoid)
    }
  }
}

const GONE = new StoreError({ reason: "Other", message: "this process is no more" })

const refusal = (disk: Disk, more: number): StoreError | undefined => {
  if (disk.readOnly) return new StoreError({ reason: "ReadOnly", message: "the disk is read-only" })
  if (disk.capacity !== undefined && disk.used() + more > disk.capacity)
    return new StoreError({ reason: "Full", message: "the disk is full" })
  return undefined
}

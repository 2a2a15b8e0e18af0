/**
 * Values that faults put in place of others. Several may be on one thing at a time, and end in any order: the one that
 * was put last counts, and after the last of them the thing is as it was.
 */
export class Overlay {
  readonly #things = new WeakMap<object, Map<string, Thing>>()

  /** Puts a value in place. Gives what takes it away again. */
  put<A>({ of, name, read, write }: Property<A>, value: A): () => void {
    const ofThis = this.#things.get(of) ?? new Map<string, Thing>()
    this.#things.set(of, ofThis)
    const thing = ofThis.get(name) ?? { before: read(), layers: [] }
    ofThis.set(name, thing)
    const layer = { value }
    thing.layers.push(layer)
    write(value)
    return () => {
      const at = thing.layers.indexOf(layer)
      // It was taken away before.
      if (at < 0) return
      thing.layers.splice(at, 1)
      const top = thing.layers.at(-1)
      write((top === undefined ? thing.before : top.value) as A)
      if (top === undefined) ofThis.delete(name)
    }
  }
}

/** Something that can be read and changed. */
interface Property<A> {
  readonly of: object
  /** One of all properties of that object. */
  readonly name: string
  readonly read: () => A
  readonly write: (value: A) => void
}

interface Thing {
  readonly before: unknown
  readonly layers: Array<{ readonly value: unknown }>
}

/**
 * Work on files that goes on side by side: a small file costs several calls of the system, and waiting for each of them
 * in turn takes far longer than they do; and what reads the network finds out that a write is done only when it has
 * read what there was. The first failure comes out of the next `add` or `settled`, and stays.
 */
export class Abreast {
  readonly #under = new Set<Promise<void>>()
  #size = 0
  #failure: { readonly cause: unknown } | undefined

  /** Begins it as soon as less than `MOST` is under way; gives when it has begun. `size` is in small files. */
  async add(work: () => Promise<void>, size = 1): Promise<void> {
    while (this.#size >= MOST) await Promise.race(this.#under)
    this.#check()
    this.#size += size
    const going = work()
      .catch((cause: unknown) => {
        this.#failure ??= { cause }
      })
      .finally(() => {
        this.#under.delete(going)
        this.#size -= size
      })
    this.#under.add(going)
  }

  /** Waits for all that were begun. */
  async settled(): Promise<void> {
    await Promise.all(this.#under)
    this.#check()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }
}

/** Files: enough to keep the four threads busy that Node has for them. */
const MOST = 16

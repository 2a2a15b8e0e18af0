/**
 * Work on files that goes on side by side: a small file costs several calls of the system, and waiting for each of them
 * in turn takes far longer than they do. The first failure comes out of the next `add` or `settled`, and stays.
 */
export class Abreast {
  readonly #under = new Set<Promise<void>>()
  #failure: { readonly cause: unknown } | undefined

  /** Begins it as soon as fewer than `MOST` are under way; gives when it has begun. */
  async add(work: () => Promise<void>): Promise<void> {
    while (this.#under.size >= MOST) await Promise.race(this.#under)
    this.#check()
    const going = work()
      .catch((cause: unknown) => {
        this.#failure ??= { cause }
      })
      .finally(() => this.#under.delete(going))
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

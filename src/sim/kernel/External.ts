import * as Effect from "effect/Effect"

/**
 * Lets real asynchronous work in (WebCrypto, WebAssembly compilation) without letting its timing in: virtual time
 * stands still until it is done, and results are handed back in the order in which the work was begun.
 *
 * @since 0.1.0
 */
export class Gate {
  /** Work under way. */
  pending = 0
  /** Whether the code that runs now is starting such work, so that what it opens is no escape. */
  opening = false
  readonly #slots: Array<{ release: (() => void) | undefined }> = []

  run<A>(start: () => PromiseLike<A>): Effect.Effect<A, unknown> {
    return Effect.async<A, unknown>((resume) => {
      const slot: { release: (() => void) | undefined } = { release: undefined }
      this.#slots.push(slot)
      this.pending++
      const settled = (effect: Effect.Effect<A, unknown>) => {
        slot.release = () => resume(effect)
        while (this.#slots[0]?.release !== undefined) {
          this.pending--
          this.#slots.shift()!.release!()
        }
      }
      this.opening = true
      try {
        start().then(
          (value) => settled(Effect.succeed(value)),
          (error) => settled(Effect.fail(error))
        )
      } finally {
        this.opening = false
      }
    })
  }
}

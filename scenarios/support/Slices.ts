import type { Sliced } from "../../src/core/support/Slices.js"

/** All of it at once. */
export const whole = <A>(work: Sliced<A>): A => {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

import type { Sliced } from "../../src/core/files/Slices.js"

/** All of it at once. */
export const whole = <A>(work: Sliced<A>): A => {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** How many slices it takes. */
export const slicesOf = (work: Sliced<unknown>): number => {
  let slices = 1
  while (work.next().done !== true) slices++
  return slices
}

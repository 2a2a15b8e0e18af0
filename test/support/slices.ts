import type { Sliced } from "../../src/core/support/Slices.js"

export { whole } from "../../scenarios/support/Slices.js"

/** The largest number of items that one slice of `work` looks at the property `key` of, each counted once a slice. */
export const mostAtOnce = <A extends object>(
  items: ReadonlyArray<A>,
  key: keyof A,
  work: (watched: Array<A>) => Sliced<unknown>
): number => {
  const seen = new Set<number>()
  let most = 0
  const watched = items.map(
    (item, index): A =>
      Object.defineProperty({ ...item }, key, {
        enumerable: true,
        get: () => {
          seen.add(index)
          return item[key]
        }
      })
  )
  for (const slices = work(watched); ; ) {
    const { done } = slices.next()
    most = Math.max(most, seen.size)
    seen.clear()
    if (done) return most
  }
}

/** How many slices it takes. */
export const slicesOf = (work: Sliced<unknown>): number => {
  let slices = 1
  while (work.next().done !== true) slices++
  return slices
}

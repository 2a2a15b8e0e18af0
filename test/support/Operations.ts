import { LinkedMap } from "../../src/core/support/LinkedMap.js"

/**
 * What tables do while `work` runs, as a number: each look into a map or a set, each step through one or through a
 * `LinkedMap`, and each element that an array moves or compares when something is put into it, taken out or looked for.
 * Unlike time, it is the same on every machine and under every load. Sorting, and loops over arrays, are not seen.
 */
export const operationsOf = (work: () => void): number => {
  let count = 0
  const undo: Array<() => void> = []
  const patch = (owner: object, name: string, cost: (self: { readonly length: number }) => number) => {
    const original = Reflect.get(owner, name) as (...args: Array<unknown>) => unknown
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: function (this: { readonly length: number }, ...args: Array<unknown>) {
        count += cost(this)
        return original.apply(this, args)
      }
    })
    undo.push(() => Object.defineProperty(owner, name, { configurable: true, writable: true, value: original }))
  }
  for (const name of ["get", "set", "has", "delete"]) patch(Map.prototype, name, () => 1)
  for (const name of ["add", "has", "delete"]) patch(Set.prototype, name, () => 1)
  for (const steps of [new Map().keys(), new Set().keys(), Object.getPrototypeOf(new LinkedMap()[Symbol.iterator]())])
    patch(Object.getPrototypeOf(steps), "next", () => 1)
  for (const name of ["shift", "unshift", "splice", "indexOf", "includes", "find", "filter", "some", "every"])
    patch(Array.prototype, name, ({ length }) => length)
  try {
    work()
  } finally {
    for (const restore of undo.reverse()) restore()
  }
  return count
}

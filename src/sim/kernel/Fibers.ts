import type * as Fiber from "effect/Fiber"

interface Named {
  readonly name: string
}

/** What is told of a process by which its fibers are named. */
export interface Owner extends Named {
  readonly state: string
  readonly roots: Iterable<Fiber.RuntimeFiber<unknown, unknown>>
}

/**
 * How a failure names a fiber: its process, its number in the run, and the innermost span (the name given to
 * `Effect.fn`).
 */
export const describeFiber = (process: Named, fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined): string => {
  if (fiber === undefined) return `a callback of ${process.name}`
  const span = (fiber as { readonly currentSpan?: { readonly name?: string } }).currentSpan?.name
  const number = (fiber.id() as { readonly id?: number }).id
  return `${process.name}#${number}${span === undefined ? "" : ` in ${span}`}`
}

/** The root fibers of all processes, the first few by name. */
export const waitingFibers = (processes: ReadonlyArray<Owner>): ReadonlyArray<string> => {
  const names: Array<string> = []
  let more = 0
  for (const process of processes) {
    for (const fiber of process.roots) {
      if (names.length < MAX_NAMED) names.push(`${describeFiber(process, fiber)} (${process.state})`)
      else more++
    }
  }
  return more === 0 ? names : [...names, `${more} more`]
}

/** A reader looks at a handful of names; a world may have a thousand. */
const MAX_NAMED = 12

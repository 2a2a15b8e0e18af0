/**
 * The smallest part of `items` that still fails, found by leaving things out (delta debugging: Zeller and Hildebrandt,
 * 2002): no single item of the result can be left out. Never asks about the same part twice, and stops at `MAX_RUNS`
 * questions with the best so far.
 *
 * @since 0.1.0
 */
export const shrink = async <A>(
  items: ReadonlyArray<A>,
  fails: (part: ReadonlyArray<A>) => Promise<boolean>
): Promise<ReadonlyArray<A>> => {
  const index = new Map(items.map((item, at) => [item, at]))
  const answers = new Map<string, boolean>()
  const ask = async (part: ReadonlyArray<A>): Promise<boolean> => {
    const key = part.map((item) => index.get(item)).join()
    const known = answers.get(key)
    if (known !== undefined) return known
    if (answers.size >= MAX_RUNS) return false
    const answer = await fails(part)
    answers.set(key, answer)
    return answer
  }

  if (await ask([])) return []
  let best = items
  let parts = 2
  while (best.length > 1) {
    const smaller = await first(split(best, parts), async (part) => ask(part))
    if (smaller !== undefined) {
      best = smaller
      parts = 2
      continue
    }
    const all = best
    const rest = split(all, parts).map((part) => all.filter((item) => !part.includes(item)))
    const without = parts === 2 ? undefined : await first(rest, ask)
    if (without !== undefined) {
      best = without
      parts = Math.max(2, parts - 1)
    } else if (parts >= best.length) break
    else parts = Math.min(best.length, parts * 2)
  }
  return best
}

const split = <A>(items: ReadonlyArray<A>, parts: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: parts }, (_, i) =>
    items.slice(Math.floor((i * items.length) / parts), Math.floor(((i + 1) * items.length) / parts))
  ).filter((part) => part.length > 0)

const first = async <A>(candidates: ReadonlyArray<A>, test: (a: A) => Promise<boolean>): Promise<A | undefined> => {
  for (const candidate of candidates) if (await test(candidate)) return candidate
  return undefined
}

/** Enough for a plan of fifty faults; more runs would try the patience of whoever waits for the report. */
const MAX_RUNS = 400

import type { Found, FoundEntry } from "../../services/Files.js"

/** What lies somewhere, held against what was found there before. */

/** Whether it is the same. */
export const isSame = (now: Found, then: Found): boolean => change(now, then) === undefined

/**
 * The first thing that is not as it was, as a sentence that names it; nothing where all is. What was read back from the
 * disk does not say where its entries lie, so where they lie now counts.
 */
export const change = (now: Found, then: Found): string | undefined => {
  if (now.kind !== then.kind) return changed(now.path)
  const length = Math.max(now.entries.length, then.entries.length)
  for (let index = 0; index < length; index++) {
    const [entry, before] = [now.entries[index], then.entries[index]]
    if (entry?.path === before?.path) {
      if (entry!.size !== before!.size || entry!.mtimeMs !== before!.mtimeMs) return changed(placeOf(now, entry!))
    } else if (before !== undefined && now.entries.every(({ path }) => path !== before.path))
      return `${placeOf(then, before)} was offered, and is not there any more`
    else return entry === undefined ? changed(now.path) : `${placeOf(now, entry)} was not there when it was offered`
  }
  return undefined
}

const changed = (path: string): string => `${path} has changed since it was offered`

const placeOf = ({ kind, path, sources }: Found, entry: FoundEntry): string => {
  if (entry.at !== undefined) return entry.at
  if (kind === "file" || entry.path === "") return path
  return sources === undefined ? `${path}/${entry.path}` : entry.path
}

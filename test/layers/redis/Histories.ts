/** A claim of a nickname, as whoever made it has seen it; all times by one clock. */
export interface Tried {
  readonly name: string
  /** Of this claim alone. */
  readonly session: string
  readonly from: number
  readonly to: number
  /** The epoch that it was granted with; `Unknown` where nobody said what came of it. */
  readonly outcome: number | "Taken" | "Unknown"
  /** When the session was said to be over; it is so at some time after that. */
  readonly released: number
}

/**
 * What in a history of claims, each by another owner, cannot have happened on one machine in any order that respects
 * who was done before whom began; none for a linearizable one. Grants say by their epochs in which order they were, so
 * nothing has to be searched.
 */
export const faultsIn = (history: ReadonlyArray<Tried>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  const granted = history
    .flatMap((tried) => (typeof tried.outcome === "number" ? [{ ...tried, epoch: tried.outcome }] : []))
    .sort((a, b) => a.epoch - b.epoch)
  let latest = Number.NEGATIVE_INFINITY
  const owners = new Map<string, (typeof granted)[number]>()
  for (const [i, grant] of granted.entries()) {
    const { epoch, from, name, session, to } = grant
    if (granted[i - 1]?.epoch === epoch) faults.push(`${session} has an epoch that another one has`)
    if (to < latest) faults.push(`${session} was done before an earlier one began`)
    latest = Math.max(latest, from)
    const before = owners.get(name)
    if (before !== undefined && before.released > to) faults.push(`${session} was given what ${before.session} had`)
    owners.set(name, grant)
  }
  for (const { from, name, outcome, session, to } of history) {
    if (outcome !== "Taken") continue
    const mayHave = (other: Tried) => other.session !== session && other.name === name && other.outcome !== "Taken"
    // One that began before this was done; that it was over by then, nobody can know for a release that is on its way.
    if (!history.some((other) => mayHave(other) && other.from <= to && other.released >= from - LATE_MS))
      faults.push(`${session} was refused what nobody had`)
  }
  return faults
}

/** ms that a release may be on its way: the engine away, and what waits for it. */
const LATE_MS = 30_000

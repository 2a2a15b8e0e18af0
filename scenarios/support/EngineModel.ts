import type { SessionId } from "../../src/domain/Registration.js"
import type {
  EngineAnswer,
  EngineCall,
  LogChange,
  LogEntry,
  NodeEntry,
  StoredName
} from "../../src/protocol/SharedNames.js"

/**
 * What a `NameEngine` does, said a second time and as plainly as possible: what the script in Redis is held against,
 * and what fails over in the simulated world. `wall`: its own clock, ms.
 */
export class EngineModel {
  readonly names = new Map<string, StoredName>()
  readonly log: Array<LogEntry> = []
  readonly nodes = new Map<string, NodeEntry>()
  readonly #leases = new Map<string, number>()
  #generation: string | undefined
  #epoch = 0
  #version = 0
  #n = 0
  #last: number | undefined
  #paused = 0
  /** Nicknames that are kept for identities, those of one in their order; how long, and how many, is not modelled. */
  #kept: Array<Kept> = []

  call(call: EngineCall, wall: number): EngineAnswer {
    const last = this.#last ?? wall
    if (wall - last > GAP_MS || wall < last) this.#paused += wall - last
    this.#last = wall
    const clock = wall - this.#paused
    if (call._tag === "Enter") return this.#enter(call, clock)
    if (this.#generation === undefined) return { _tag: "Stranger" }
    switch (call._tag) {
      case "Claim":
        return this.#claim(call, clock, wall)
      case "Release": {
        const owned = this.#ofSession(call.session)
        if (owned !== undefined && call.hold) this.#hold(owned, clock + call.graceMs)
        else if (owned !== undefined) this.#free(owned)
        return { _tag: "Done", names: this.names.size }
      }
      case "Update": {
        const owned = this.#ofSession(call.session)
        if (owned !== undefined) this.#put({ ...owned, body: call.body })
        return { _tag: "Done", names: this.names.size }
      }
      case "Forget": {
        const list = this.#keptFor(call)
        for (const kept of list) this.#forget(kept)
        return { _tag: "Forgotten", names: list.length }
      }
      case "Find":
        return { _tag: "Found", name: this.names.get(call.key) }
      case "Assert":
        return this.#isHere(call.node, clock) ? this.#assert(call.names, clock) : { _tag: "Stranger" }
      case "Reap":
        return this.#reap(call.graceMs, clock)
      case "Leave":
        if (this.#leases.has(call.node)) this.#leases.set(call.node, 0)
        return { _tag: "Done", names: this.names.size }
      case "Read": {
        const from = { at: this.log.at(-1)?.at ?? "0-0", n: this.#n, version: this.#version }
        return { _tag: "Names", names: [...this.names.values()], cursor: "", from, nodes: [...this.nodes.values()] }
      }
    }
  }

  #enter(call: Extract<EngineCall, { _tag: "Enter" }>, clock: number): EngineAnswer {
    const { at, leaseMs, node } = call
    this.#generation ??= call.generation
    this.#version = Math.max(this.#version, call.version)
    this.#epoch = Math.max(this.#epoch, call.epoch)
    const wasHere = this.#isHere(node, clock)
    const known = this.nodes.get(node)
    const used = new Set([...this.nodes.values()].map(({ slot }) => slot))
    let slot = known?.slot ?? call.slot
    while (known === undefined && used.has(slot)) slot = (slot + 1) % 256
    this.#leases.set(node, clock + leaseMs)
    if (known?.at !== at) {
      const entry = { id: node, slot, at }
      this.nodes.set(node, entry)
      this.#tell({ _tag: "Here", node: entry })
    }
    return { _tag: "Entered", generation: this.#generation, slot, wasHere, names: this.names.size }
  }

  #claim(call: Extract<EngineCall, { _tag: "Claim" }>, clock: number, wall: number): EngineAnswer {
    const { _tag, keeps, maxNames, shown, ...asked } = call
    if (!this.#isHere(call.node, clock)) return { _tag: "Stranger" }
    const owners = this.#keptFor(asked)
    if (owners.some(({ identity }) => identity !== asked.identity)) return { _tag: "Taken" }
    const clashes = this.#clashes(asked, clock)
    for (const other of clashes) {
      const isMine = other.until === 0 && other.session === asked.session
      const isOwners =
        other.identity === "" ? shown !== "" && shown === other.resume : other.identity === asked.identity
      if (!isMine && !isOwners) return { _tag: "Taken" }
    }
    const former = this.#ofSession(asked.session)
    if (former !== undefined && !clashes.includes(former)) clashes.push(former)
    if (this.names.size - clashes.length >= maxNames && !this.#makeRoom(asked.identity, clashes))
      return { _tag: "Full" }
    if (keeps && asked.identity !== "") this.#keep(asked, owners)
    this.#replace(clashes, asked.session, asked.key)
    this.#epoch++
    this.#version++
    this.#put({ ...asked, epoch: this.#epoch, since: wall, until: 0 })
    return { _tag: "Granted", epoch: this.#epoch, since: wall, n: this.#n, names: this.names.size }
  }

  #keptFor({ key, lookalike }: Pick<Kept, "key" | "lookalike">): ReadonlyArray<Kept> {
    return this.#kept.filter((kept) => kept.key === key || kept.lookalike === lookalike)
  }

  #keep({ identity, key, lookalike }: Kept, owners: ReadonlyArray<Kept>): void {
    if (owners.length === 1 && owners[0]?.key === key && owners[0].lookalike === lookalike) return
    for (const kept of owners) this.#forget(kept)
    this.#kept.push({ identity, key, lookalike })
    const [oldest, ...others] = this.#kept.filter((kept) => kept.identity === identity)
    if (oldest !== undefined && others.length >= 4) this.#forget(oldest)
  }

  #forget(kept: Kept): void {
    this.#kept = this.#kept.filter((other) => other !== kept)
  }

  #assert(names: ReadonlyArray<StoredName>, clock: number): EngineAnswer {
    const lost: Array<SessionId> = []
    for (const mine of names) {
      this.#epoch = Math.max(this.#epoch, mine.epoch)
      const clashes = this.#clashes(mine, clock)
      const former = this.#ofSession(mine.session)
      if (
        former !== undefined &&
        (former.epoch > mine.epoch || (former.epoch === mine.epoch && former.key === mine.key))
      )
        continue
      if (former !== undefined && !clashes.includes(former)) clashes.push(former)
      const isBeaten = clashes.some(
        (other) =>
          other.session !== mine.session &&
          (other.epoch > mine.epoch || (other.epoch === mine.epoch && (other.identity !== "" || mine.identity === "")))
      )
      if (isBeaten) {
        lost.push(mine.session)
        continue
      }
      const [before] = clashes
      const isSame = before?.key === mine.key && before.until === 0 && before.epoch === mine.epoch
      this.#replace(clashes, mine.session, mine.key)
      if (!isSame) this.#version++
      this.#put(mine)
    }
    return { _tag: "Asserted", lost }
  }

  #reap(graceMs: number, clock: number): EngineAnswer {
    for (const name of this.#held()) if (name.until <= clock) this.#free(name)
    const byEnd = [...this.#leases].sort(([a, left], [b, right]) => left - right || (a < b ? -1 : 1))
    for (const [node, until] of byEnd) {
      if (until > clock) continue
      for (const name of [...this.names.values()])
        if (name.until === 0 && name.node === node) this.#hold(name, clock + graceMs)
      this.#leases.delete(node)
      this.nodes.delete(node)
      this.#tell({ _tag: "Gone", node })
      return { _tag: "Reaped", more: true, cursor: "" }
    }
    return { _tag: "Reaped", more: false, cursor: "" }
  }

  #makeRoom(identity: string, except: ReadonlyArray<StoredName>): boolean {
    for (const isAnonymous of identity === "" ? [true] : [true, false]) {
      const victim = this.#held().find((name) => (name.identity === "") === isAnonymous && !except.includes(name))
      if (victim === undefined) continue
      this.#free(victim)
      return true
    }
    return false
  }

  /** The longest held first. */
  #held(): Array<StoredName> {
    const held = [...this.names.values()].filter(({ until }) => until > 0)
    return held.sort((a, b) => a.until - b.until || (a.key < b.key ? -1 : 1))
  }

  #ofSession(session: SessionId): StoredName | undefined {
    return [...this.names.values()].find((name) => name.until === 0 && name.session === session)
  }

  #clashes({ key, lookalike }: { readonly key: string; readonly lookalike: string }, clock: number) {
    const found: Array<StoredName> = []
    for (const name of [...this.names.values()].sort((a) => (a.key === key ? -1 : 1))) {
      if (name.key !== key && name.lookalike !== lookalike) continue
      if (name.until > 0 && name.until <= clock) this.#free(name)
      else found.push(name)
    }
    return found
  }

  #replace(names: ReadonlyArray<StoredName>, session: SessionId, key: string): void {
    for (const name of names) {
      this.names.delete(name.key)
      if (name.until === 0 && name.session !== session) this.#tell({ _tag: "Replaced", session: name.session })
      if (name.key === key) continue
      if (name.until === 0) this.#version++
      this.#tell({ _tag: "Freed", ...about(name) })
    }
  }

  #put(name: StoredName): void {
    this.names.set(name.key, name)
    this.#tell({ _tag: "Owned", name })
  }

  #hold(name: StoredName, until: number): void {
    this.names.set(name.key, { ...name, until })
    this.#version++
    this.#tell({ _tag: "Held", ...about(name) })
  }

  #free(name: StoredName): void {
    this.names.delete(name.key)
    if (name.until === 0) this.#version++
    this.#tell({ _tag: "Freed", ...about(name) })
  }

  #isHere(node: string, clock: number): boolean {
    return (this.#leases.get(node) ?? Number.NEGATIVE_INFINITY) > clock
  }

  #tell(change: LogChange): void {
    this.#n++
    this.log.push({ at: `${this.#n}-0`, n: this.#n, version: this.#version, change })
  }
}

interface Kept {
  readonly identity: string
  readonly key: string
  readonly lookalike: string
}

const about = ({ epoch, key, lookalike }: StoredName) => ({ key, lookalike, epoch })

const GAP_MS = 5_000

import type { Nickname } from "../../../domain/Nickname.js"
import type { Registration } from "../../../domain/Registration.js"
import type { LogChange, LogEntry, NodeEntry, StoredName } from "../../../protocol/SharedNames.js"
import type { RegistryChange } from "../RegistryMachine.js"

/** Makes a registration of what the engine keeps; `undefined` when it cannot be read. */
export type Resolve = (name: StoredName) => Registration | undefined

/**
 * A node's copy of who has which nickname, kept by the engine's log. Pure. When steps of the log were missed it is read
 * anew as a whole, which takes several calls; what is told of that is the difference alone.
 *
 * Reading it is no atomic step: a part may be newer than the place of the log that is gone on from. So a step that is
 * older than what is known of its nickname (by epoch) says nothing.
 */
export class Replica {
  readonly #resolve: Resolve
  #living = new Map<string, Living>()
  #held = new Map<string, Held>()
  /** Of those who live and those that are held, which key has it. */
  #lookalikes = new Map<string, string>()
  readonly #nodes = new Map<string, NodeEntry>()
  #n = 0
  #version = 0
  #epoch = 0
  #at: string | undefined

  constructor(resolve: Resolve) {
    this.#resolve = resolve
  }

  /** The last step that is known. */
  get n(): number {
    return this.#n
  }

  /** Where to go on in the log; `undefined` before anything was read. */
  get at(): string | undefined {
    return this.#at
  }

  /** The highest ones that were seen. */
  get version(): number {
    return this.#version
  }

  get epoch(): number {
    return this.#epoch
  }

  get nodes(): ReadonlyMap<string, NodeEntry> {
    return this.#nodes
  }

  *living(): Iterable<Registration> {
    for (const { registration } of this.#living.values()) yield registration
  }

  get(key: string): StoredName | undefined {
    return this.#living.get(key)?.name
  }

  /** Whether this nickname, or one that looks like it, is somebody's or held, as far as is known here. */
  isTaken({ key, lookalike }: Nickname): boolean {
    return this.#living.has(key) || this.#held.has(key) || this.#lookalikes.has(lookalike)
  }

  /** The next step; gives what others have to learn of it. `false` when steps before it are missing. */
  apply(entry: LogEntry): ReadonlyArray<RegistryChange> | false {
    if (entry.n <= this.#n) return []
    if (entry.n !== this.#n + 1) return false
    this.#n = entry.n
    this.#at = entry.at
    this.#version = Math.max(this.#version, entry.version)
    return this.#change(entry.change, this.#version)
  }

  /** Takes the whole in place of what is known; `names` are all that the engine keeps. */
  replace({ from, names, nodes }: Whole): ReadonlyArray<RegistryChange> {
    const before = this.#living
    this.#living = new Map()
    this.#held = new Map()
    this.#lookalikes = new Map()
    this.#nodes.clear()
    for (const node of nodes) this.#nodes.set(node.id, node)
    for (const name of names) this.#take(name)
    const events: Array<RegistryChange> = []
    for (const key of before.keys()) if (!this.#living.has(key)) events.push({ _tag: "Freed", key })
    for (const [key, { name, registration }] of this.#living) {
      const known = before.get(key)?.name
      const isSame = known?.session === name.session && known.epoch === name.epoch && known.body === name.body
      if (!isSame) events.push({ _tag: "Owned", registration })
    }
    this.#n = from.n
    this.#at = from.at
    const first = Math.max(from.version, this.#version + events.length) - events.length + 1
    this.#version = Math.max(from.version, this.#version + events.length)
    return events.map((event, index) => ({ ...event, version: first + index }))
  }

  /** The owner of this nickname has come, as far as this node knows before the log says so. */
  put(name: StoredName): RegistryChange | undefined {
    const living = this.#take(name)
    return living === undefined ? undefined : { _tag: "Owned", registration: living.registration }
  }

  #change(change: LogChange, version: number): ReadonlyArray<RegistryChange> {
    switch (change._tag) {
      case "Owned": {
        const { name } = change
        if ((this.#living.get(name.key)?.name.epoch ?? 0) > name.epoch) return []
        const living = this.#take(name)
        return living === undefined ? [] : [{ _tag: "Owned", registration: living.registration, version }]
      }
      case "Held":
      case "Freed": {
        const { epoch, key, lookalike } = change
        const living = this.#living.get(key)
        if ((living?.name.epoch ?? this.#held.get(key)?.epoch ?? 0) > epoch) return []
        this.#forget(key)
        if (change._tag === "Held") {
          this.#held.set(key, { lookalike, epoch })
          this.#lookalikes.set(lookalike, key)
        }
        return living === undefined ? [] : [{ _tag: "Freed", key, version }]
      }
      case "Replaced":
        return [change]
      case "Here":
        this.#nodes.set(change.node.id, change.node)
        return []
      case "Gone":
        this.#nodes.delete(change.node)
        return []
    }
  }

  #take(name: StoredName): Living | undefined {
    this.#epoch = Math.max(this.#epoch, name.epoch)
    const registration = name.until === 0 ? this.#resolve(name) : undefined
    this.#forget(name.key)
    this.#lookalikes.set(name.lookalike, name.key)
    if (registration === undefined) {
      this.#held.set(name.key, { lookalike: name.lookalike, epoch: name.epoch })
      return undefined
    }
    const living = { name, registration }
    this.#living.set(name.key, living)
    return living
  }

  #forget(key: string): void {
    const lookalike = this.#living.get(key)?.name.lookalike ?? this.#held.get(key)?.lookalike
    if (lookalike !== undefined && this.#lookalikes.get(lookalike) === key) this.#lookalikes.delete(lookalike)
    this.#living.delete(key)
    this.#held.delete(key)
  }
}

/** All that the engine has, and the place of the log at which it was begun to be read. */
export interface Whole {
  readonly from: { readonly at: string; readonly n: number; readonly version: number }
  readonly names: ReadonlyArray<StoredName>
  readonly nodes: ReadonlyArray<NodeEntry>
}

interface Living {
  readonly name: StoredName
  readonly registration: Registration
}

interface Held {
  readonly lookalike: string
  readonly epoch: number
}

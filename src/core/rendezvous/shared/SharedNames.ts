import type * as Nickname from "../../../domain/Nickname.js"
import type { Claim, Registration, SessionId, Whereabouts } from "../../../domain/Registration.js"
import type { RefusalBody } from "../../../protocol/ControlCodec.js"
import {
  bodyOf,
  type EngineAnswer,
  type EngineCall,
  type LogEntry,
  MAX_ASSERTED,
  type NodeEntry,
  registrationOf,
  type StoredName
} from "../../../protocol/SharedNames.js"
import { NO_ROOM, nickReserved, nickTaken, type RegistryChange, reservedKeys } from "../RegistryMachine.js"
import { Granted, type Own } from "./Granted.js"
import { Outbox } from "./Outbox.js"
import type { Output, ResumeTokens, SharedNamesOptions } from "./Output.js"
import { Replica } from "./Replica.js"

/**
 * One node's part of a registry that is shared by several and kept by an engine (docs/nodes.md). Pure; `now` is
 * monotonic ms. After every call the driver drains `poll` and arms its alarm at `pollTimeout`.
 *
 * It keeps a lease for the node, a copy of who is here that the engine's log maintains, and a list of its own living
 * sessions. **While the engine is away** nothing is claimed; releases and changes wait. **When it is back** the node
 * comes after a random time, sends what has waited, and, where the engine may have lost something (it is another one
 * now, or has forgotten us), asserts its own names in pieces: whoever has the higher epoch has the name, and the
 * session that lost is told so. A node whose lease could not be renewed for two thirds of its life claims nothing:
 * others may take its place soon.
 */
export class SharedNames {
  readonly #options: SharedNamesOptions
  readonly #reserved: ReadonlySet<string>
  readonly #replica: Replica
  readonly #own = new Map<SessionId, Own>()
  /** Sessions with a claim that is on its way, and whether they have gone meanwhile. */
  readonly #claiming = new Map<SessionId, { readonly resume: string; isGone: boolean }>()
  /** Sessions of which it is not known whether their claim was granted. */
  readonly #uncertain = new Set<SessionId>()
  readonly #outbox: Outbox
  readonly #granted = new Granted()
  readonly #answers = new Map<number, (answer: EngineAnswer | undefined, now: number) => void>()
  readonly #outputs: Array<Output> = []
  #calls = 0
  #phase: "down" | "waiting" | "recovering" | "up" = "down"
  /** Grows with each connection to the engine, and `#round` with each recovery: what is of an older one is void. */
  #connection = 0
  #round = 0
  #primary: string | undefined
  /** The engine that our names are known to be in, and the one that they are being brought to. */
  #asserted: string | undefined
  #asserting: string | undefined
  #leasedAt = Number.NEGATIVE_INFINITY
  #enterAt: number | undefined
  #reapAt: number | undefined
  #slot: number
  #names = 0

  constructor(options: SharedNamesOptions) {
    this.#options = options
    this.#reserved = reservedKeys(options.limits.reserved)
    this.#replica = new Replica((name) => this.#registration(name))
    this.#outbox = new Outbox(
      options.limits.graceMs,
      (session) => this.#own.get(session)?.name.body,
      (call, handle) => this.#call(call, handle)
    )
    this.#slot = Math.min(SLOTS - 1, Math.floor(options.random() * SLOTS))
  }

  /** What connection numbers of this node begin with. */
  get slot(): number {
    return this.#slot
  }

  /** In use and held, as the engine said last. */
  get names(): number {
    return this.#names
  }

  get nodes(): ReadonlyMap<string, NodeEntry> {
    return this.#replica.nodes
  }

  living(): Iterable<Registration> {
    return this.#replica.living()
  }

  /** Whether names can be claimed now, as far as can be known without asking. */
  isReachable(now: number): boolean {
    return this.#phase === "up" && now - this.#leasedAt < USABLE_MS
  }

  /** The engine can be reached, and is this one; or `undefined`: it cannot. */
  handleState(primary: string | undefined, now: number): void {
    const isFirst = this.#primary === undefined
    this.#connection++
    this.#round++
    this.#outbox.close()
    this.#reapAt = undefined
    if (primary === undefined) {
      this.#phase = "down"
      this.#enterAt = undefined
      this.#grantEarly()
      return
    }
    this.#primary = primary
    this.#phase = "waiting"
    this.#enterAt = isFirst ? now : now + this.#options.random() * SPREAD_MS
  }

  claim(claim: Claim, tokens: ResumeTokens, ticket: number, now: number): void {
    const { identity, nickname, session } = claim
    if (this.#reserved.has(nickname.key) || this.#reserved.has(nickname.lookalike)) {
      this.#outputs.push({ _tag: "Claimed", ticket, answer: nickReserved(nickname) })
      return
    }
    if (!this.isReachable(now) || this.#claiming.has(session)) {
      this.#outputs.push({ _tag: "Claimed", ticket, answer: undefined })
      return
    }
    const body = bodyOf(nickname, identity, claim)
    const asked = {
      session,
      node: this.#options.node,
      key: nickname.key,
      lookalike: nickname.lookalike,
      identity: identity?.key ?? "",
      resume: tokens.freshHash,
      body
    }
    const claiming = { resume: tokens.fresh, isGone: false }
    this.#claiming.set(session, claiming)
    const { keeps, limits } = this.#options
    const more = { shown: tokens.shownHash, maxNames: limits.maxNames, keeps }
    this.#call({ _tag: "Claim", ...asked, ...more }, (answer, at) => {
      this.#claiming.delete(session)
      if (answer?._tag === "Granted") {
        const { epoch, n, names, since } = answer
        const name = { ...asked, epoch, since, until: 0 }
        const registration = { ...claim, identity, epoch, since, resume: tokens.fresh, nickname }
        this.#names = names
        this.#uncertain.delete(session)
        this.#grant({ name, registration: bare(registration), n }, ticket, claiming.isGone)
        return
      }
      if (answer === undefined && !claiming.isGone) this.#uncertain.add(session)
      if (answer?._tag === "Stranger") this.#again(at)
      this.#outputs.push({ _tag: "Claimed", ticket, answer: this.#refusal(nickname, answer) })
    })
  }

  release(session: SessionId, hold: boolean): void {
    const claiming = this.#claiming.get(session)
    if (claiming !== undefined) claiming.isGone = true
    const isKnown = this.#own.delete(session)
    const isUncertain = this.#uncertain.delete(session)
    if (isKnown || isUncertain || claiming !== undefined) this.#outbox.release(session, hold)
  }

  update(session: SessionId, where: Whereabouts): void {
    const own = this.#own.get(session)
    if (own === undefined) return
    const { identity, nickname } = own.registration
    const registration = { ...own.registration, address: where.address, endpoints: where.endpoints }
    const name = { ...own.name, body: bodyOf(nickname, identity, where) }
    this.#own.set(session, { ...own, name, registration })
    this.#outbox.change(session)
  }

  /** The nickname is kept for nobody any more. */
  forget({ key, lookalike }: Nickname.Nickname, ticket: number): void {
    this.#call({ _tag: "Forget", key, lookalike }, (answer) => {
      const wasKept = answer?._tag === "Forgotten" ? answer.names > 0 : undefined
      this.#outputs.push({ _tag: "Forgotten", ticket, answer: wasKept })
    })
  }

  find(key: string, ticket: number, now: number): void {
    if (!this.isReachable(now)) {
      this.#outputs.push({ _tag: "Found", ticket, answer: undefined })
      return
    }
    this.#call({ _tag: "Find", key }, (answer) => {
      const name = answer?._tag === "Found" ? answer.name : undefined
      const found = name?.until === 0 ? this.#registration(name) : undefined
      this.#outputs.push({ _tag: "Found", ticket, answer: answer === undefined ? undefined : (found ?? "Nobody") })
    })
  }

  /** The node is going, and says so if it can; `done` is called when that has been heard, or cannot be said. */
  leave(done: () => void): void {
    if (this.#phase === "up" || this.#phase === "recovering")
      this.#call({ _tag: "Leave", node: this.#options.node }, done)
    else done()
    this.#round++
    this.#phase = "down"
    this.#enterAt = undefined
    this.#reapAt = undefined
  }

  handleAnswer(id: number, answer: EngineAnswer | undefined, now: number): void {
    const handle = this.#answers.get(id)
    this.#answers.delete(id)
    handle?.(answer, now)
  }

  /** What the log has that is followed. */
  handleEntries(entries: ReadonlyArray<LogEntry>, now: number): void {
    if (this.#phase !== "up") return
    for (const entry of entries) {
      const events = this.#replica.apply(entry)
      if (events === false) {
        this.#gapped()
        return
      }
      for (const event of events) this.#tell(event)
      const { change } = entry
      if (change._tag === "Owned") this.#adopt(change.name)
      if (change._tag === "Gone" && change.node === this.#options.node) {
        this.#again(now)
        return
      }
    }
    this.#answerGranted()
  }

  handleTimeout(now: number): void {
    if (this.#enterAt !== undefined && now >= this.#enterAt) this.#enter(now)
    if (this.#reapAt !== undefined && now >= this.#reapAt) this.#reap("", now)
  }

  pollTimeout(): number | undefined {
    if (this.#enterAt === undefined || this.#reapAt === undefined) return this.#enterAt ?? this.#reapAt
    return Math.min(this.#enterAt, this.#reapAt)
  }

  poll(): Output | undefined {
    return this.#outputs.shift()
  }

  #call(call: EngineCall, handle: (answer: EngineAnswer | undefined, now: number) => void): void {
    const id = ++this.#calls
    this.#answers.set(id, handle)
    this.#outputs.push({ _tag: "Call", id, call })
  }

  /** As `#call`, but the answer counts only if nothing has become void meanwhile. */
  #callNow(call: EngineCall, handle: (answer: EngineAnswer | undefined, now: number) => void): void {
    const round = this.#round
    this.#call(call, (answer, now) => {
      if (round === this.#round) handle(answer, now)
    })
  }

  /** Comes, or renews the lease. */
  #enter(now: number): void {
    const { at, generation, node } = this.#options
    this.#enterAt = now + CALL_AGAIN_MS
    const { epoch, version } = this.#replica
    const call = { node, at, slot: this.#slot, generation: generation(), version, epoch, leaseMs: LEASE_MS }
    const connection = this.#connection
    this.#call({ _tag: "Enter", ...call }, (answer, at) => {
      if (connection !== this.#connection) return
      if (answer?._tag !== "Entered") {
        this.#enterAt = at + (0.5 + this.#options.random()) * AGAIN_MS
        return
      }
      // By our own clock from before the question: the engine's lease lasts longer than that.
      this.#leasedAt = now
      this.#slot = answer.slot
      this.#names = answer.names
      this.#enterAt = now + RENEW_MS
      const engine = `${this.#primary} ${answer.generation}`
      const isDoubtful = this.#asserted !== engine || !answer.wasHere
      if (this.#phase === "up") this.#outbox.open()
      if (this.#phase !== "waiting" && !isDoubtful) return
      // Already at it.
      if (this.#phase === "recovering" && this.#asserting === engine) return
      if (isDoubtful && this.#asserted !== undefined) {
        this.#log("names may have been lost", { own: this.#own.size })
      }
      this.#recover(isDoubtful ? engine : undefined, at)
    })
  }

  /** Our lease is gone, or the engine has forgotten us. */
  #again(now: number): void {
    this.#round++
    this.#phase = "waiting"
    this.#outbox.close()
    this.#reapAt = undefined
    this.#enterAt = now
    this.#grantEarly()
  }

  /** `engine`: where our names are to be asserted; `undefined` where they are. */
  #recover(engine: string | undefined, now: number): void {
    this.#round++
    this.#phase = "recovering"
    this.#reapAt = undefined
    this.#asserting = engine
    this.#outbox.open()
    const { at } = this.#replica
    if (engine !== undefined) {
      this.#asserted = undefined
      this.#assert([...this.#own.values()].map(({ name }) => name))
    } else if (at !== undefined && this.#granted.size === 0) this.#goOn(at, now)
    else this.#read("", [])
  }

  #assert(names: ReadonlyArray<StoredName>): void {
    if (names.length === 0) {
      this.#asserted = this.#asserting
      this.#read("", [])
      return
    }
    // Whoever has gone since is released already.
    const piece = names.slice(0, MAX_ASSERTED).filter(({ session }) => this.#own.has(session))
    this.#callNow({ _tag: "Assert", node: this.#options.node, names: piece }, (answer, at) => {
      if (answer?._tag !== "Asserted") {
        this.#startOver(at)
        return
      }
      for (const session of answer.lost) if (this.#own.delete(session)) this.#event({ _tag: "Replaced", session })
      this.#assert(names.slice(MAX_ASSERTED))
    })
  }

  #read(cursor: string, before: ReadonlyArray<StoredName>, first?: First): void {
    this.#callNow({ _tag: "Read", cursor }, (answer, at) => {
      if (answer?._tag !== "Names") {
        this.#startOver(at)
        return
      }
      const { from = first?.from, nodes = first?.nodes ?? [] } = answer
      const names = before.concat(answer.names)
      if (from === undefined) this.#startOver(at)
      else if (answer.cursor !== "") this.#read(answer.cursor, names, { from, nodes })
      else {
        this.#take({ from, nodes }, names)
        this.#goOn(from.at, at)
      }
    })
  }

  /** Something went wrong on the way: everything that is not certain is done again. */
  #startOver(now: number): void {
    this.#asserted = undefined
    this.#again(now)
    this.#enterAt = now + (0.5 + this.#options.random()) * AGAIN_MS
  }

  #goOn(after: string, now: number): void {
    this.#phase = "up"
    this.#outputs.push({ _tag: "Follow", after })
    this.#reapAt = now + (0.5 + this.#options.random()) * REAP_MS
    this.#answerGranted()
  }

  /** The whole is read. */
  #take({ from, nodes }: First, names: ReadonlyArray<StoredName>): void {
    const byKey = new Map(names.map((name) => [name.key, name]))
    // A name that was claimed while the whole was being read may be in the log alone.
    for (const [session, { n, name }] of this.#own) {
      const found = byKey.get(name.key)
      if (found?.session === session && found.until === 0) continue
      if (n > from.n) byKey.set(name.key, name)
      else if (found === undefined || found.epoch > name.epoch) {
        this.#own.delete(session)
        this.#event({ _tag: "Replaced", session })
      }
    }
    for (const event of this.#replica.replace({ from, nodes, names: [...byKey.values()] })) this.#event(event)
    for (const name of byKey.values()) if (name.until === 0) this.#adopt(name)
  }

  /** A name of one of our sessions, of which we may not know yet. */
  #adopt(name: StoredName): void {
    const { node, session } = name
    if (node !== this.#options.node || this.#claiming.has(session)) return
    const own = this.#own.get(session)
    if (own !== undefined && own.name.epoch >= name.epoch) return
    const registration = this.#registration(name)
    if ((own !== undefined || this.#uncertain.has(session)) && registration !== undefined) {
      this.#own.set(session, { name, registration, n: 0 })
    } else if (!this.#outbox.hasReleased(session)) this.#outbox.release(session, true)
  }

  /** The log has lost what we have not read yet. */
  #gapped(): void {
    this.#round++
    this.#phase = "recovering"
    this.#reapAt = undefined
    this.#asserting = this.#asserted
    this.#read("", [])
  }

  #reap(cursor: string, now: number): void {
    this.#reapAt = now + CALL_AGAIN_MS
    this.#callNow({ _tag: "Reap", cursor, graceMs: this.#options.limits.graceMs }, (answer, at) => {
      if (answer?._tag === "Reaped" && answer.more) this.#reap(answer.cursor, at)
      else this.#reapAt = at + (0.5 + this.#options.random()) * REAP_MS
    })
  }

  #grant(own: Own, ticket: number, isGone: boolean): void {
    const { session } = own.name
    if (!isGone) this.#own.set(session, own)
    this.#granted.add({ ticket, own })
    // Where the log is not followed now, it will not tell.
    if (this.#phase !== "up") this.#grantEarly()
    else this.#answerGranted()
  }

  #answerGranted(): void {
    for (const { own, ticket } of this.#granted.upTo(this.#replica.n))
      this.#outputs.push({ _tag: "Claimed", ticket, answer: own.registration })
  }

  /** The log cannot tell now of what was granted, so it is told here. */
  #grantEarly(): void {
    for (const { own, ticket } of this.#granted.all()) {
      const event = this.#own.get(own.name.session) === own ? this.#replica.put(own.name) : undefined
      if (event !== undefined) this.#event(event)
      this.#outputs.push({ _tag: "Claimed", ticket, answer: own.registration })
    }
  }

  #tell(event: RegistryChange): void {
    if (event._tag !== "Replaced") this.#event(event)
    else if (this.#own.delete(event.session)) this.#event(event)
  }

  #event(event: RegistryChange): void {
    this.#outputs.push({ _tag: "Event", event })
  }

  #log(message: string, annotations: Readonly<Record<string, unknown>>): void {
    this.#outputs.push({ _tag: "Log", message, annotations })
  }

  /** What we know better than the engine: the token of a session of our own. */
  #registration(name: StoredName): Registration | undefined {
    const own = this.#own.get(name.session)
    if (own?.name.epoch === name.epoch && own.name.body === name.body) return own.registration
    const registration = registrationOf(name)
    if (registration === undefined) return undefined
    const isOwn = own?.name.epoch === name.epoch
    const resume = isOwn ? own.registration.resume : this.#claiming.get(name.session)?.resume
    return resume === undefined ? registration : { ...registration, resume }
  }

  #refusal(nickname: Nickname.Nickname, answer: EngineAnswer | undefined): RefusalBody | undefined {
    if (answer?._tag === "Full") return NO_ROOM
    if (answer?._tag !== "Taken") return undefined
    const isTaken = (other: Nickname.Nickname) =>
      other.key === nickname.key ||
      this.#replica.isTaken(other) ||
      this.#reserved.has(other.key) ||
      this.#reserved.has(other.lookalike)
    return nickTaken(nickname, isTaken)
  }
}

/** A registration, of what a claim has besides. */
const bare = ({ address, endpoints, epoch, identity, nickname, resume, session, since }: Registration) => ({
  nickname,
  session,
  epoch,
  identity,
  address,
  endpoints,
  since,
  resume
})

/** ms of the engine's clock that a node counts as living after it has renewed its lease. */
export const LEASE_MS = 10_000
/** ms between two renewals: two may be lost. */
const RENEW_MS = 3_000
/** ms after which a node that could not renew its lease claims nothing more: two thirds of it. */
const USABLE_MS = (2 / 3) * LEASE_MS
/** ms over which nodes come back to an engine that was away. */
const SPREAD_MS = 1_000
/** ms until a call that failed is made again. */
const AGAIN_MS = 500
/** ms until a call without any answer is given up: the engine's layer has said by then that it failed. */
const CALL_AGAIN_MS = 5_000
/** ms between two looks at what has run out. */
const REAP_MS = 1_000
/** Nodes at a time: what is left of a connection's number is for the connections of one. */
export const SLOTS = 256

interface First {
  readonly from: { readonly at: string; readonly n: number; readonly version: number }
  readonly nodes: ReadonlyArray<NodeEntry>
}

import type { Relayed } from "../../core/client/Relayed.js"
import type { Transfer, TransferState } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"
import { risksIn } from "../../core/files/Risks.js"
import type { PeerId } from "../../domain/PeerId.js"

/** What people are told of one transfer: what it is, how it stands, and when that is news. */
export class TransferStatus {
  #phaseNow: Phase
  #known = 0
  #flowing: Flow | undefined
  #pausedHere = false
  #toldAt = Number.NEGATIVE_INFINITY
  readonly #meter = new Meter()
  readonly #fingerprint: string
  message: string | undefined
  path: string | undefined
  /** How many of its files have another path here than at the sender's. */
  renamed = 0

  constructor(
    public facts: Facts,
    phase: Phase,
    private readonly context: {
      /** Monotonic ms. */
      readonly now: () => number
      readonly nickOf: (peer: PeerId) => string | undefined
      readonly fingerprintOf: (peer: PeerId) => string
      readonly relayedTo: (peer: PeerId) => Relayed | undefined
      readonly tell: (transfer: Transfer) => void
    }
  ) {
    this.#phaseNow = phase
    this.#fingerprint = context.fingerprintOf(facts.peer)
    if (phase === "done") this.#known = facts.size
  }

  get phase(): Phase {
    return this.#phaseNow
  }

  get ended(): boolean {
    return isEnd(this.#phaseNow)
  }

  get paused(): boolean {
    return this.#pausedHere
  }

  /** The transfer enters a new phase, and that is told. Nothing follows an end. */
  enter(phase: Phase, message?: string): void {
    if (this.ended) return
    this.#phaseNow = phase
    if (message !== undefined) this.message = message
    if (phase === "done") this.#known = this.facts.size
    if (isEnd(phase)) this.#stopped()
    this.tell()
  }

  pause(paused: boolean): void {
    this.#pausedHere = paused
    this.#flowing?.pause(paused)
    this.#meter.reset()
    this.tell()
  }

  /** The machine that moves bytes from now on. */
  flows(flow: Flow): void {
    this.#flowing = flow
    flow.pause(this.#pausedHere)
    this.#meter.reset()
    this.tell()
  }

  /** Nothing moves any more, for now. */
  stops(): void {
    if (this.#flowing === undefined) return
    this.#stopped()
    this.tell()
  }

  /** While there is no machine: so many bytes were read. */
  moved(bytes: number): void {
    this.#known = bytes
    this.tick()
  }

  /** Bytes may have moved: tells so if it was told long enough ago. */
  tick(): void {
    const now = this.context.now()
    if (now - this.#toldAt < TELL_EVERY) return
    this.tell()
  }

  tell(): void {
    const now = this.context.now()
    this.#toldAt = now
    this.#meter.sample(now, this.#transferred)
    this.context.tell(this.snapshot())
  }

  snapshot(): Transfer {
    const { facts, message, path } = this
    const flowing = this.#flowing
    const pausedBy = this.ended ? undefined : (flowing?.pausedBy ?? (this.#pausedHere ? "us" : undefined))
    const moves = this.#phaseNow === "preparing" || flowing !== undefined
    return {
      id: facts.id,
      nick: this.context.nickOf(facts.peer) ?? facts.nick,
      fingerprint: this.#fingerprint,
      direction: facts.direction,
      kind: facts.kind,
      name: facts.name,
      size: facts.size,
      files: facts.files,
      state: this.#state(pausedBy),
      transferred: this.#transferred,
      rate: moves ? this.#meter.rate(this.context.now()) : 0,
      ...this.#relay(),
      ...(facts.skipped > 0 && { skipped: facts.skipped, left: facts.left }),
      ...(facts.executables !== undefined && facts.executables > 0 && { executables: facts.executables }),
      ...(facts.risks !== undefined && facts.risks > 0 && { risks: risksIn(facts.risks) }),
      ...(this.renamed > 0 && { renamed: this.renamed }),
      ...(pausedBy !== undefined && { pausedBy }),
      ...(path !== undefined && { path }),
      ...(message !== undefined && { message })
    }
  }

  /** Over the relay, and for how long yet: as the relay allows, or as measured where that is not told. */
  #relay(): Pick<Transfer, "relay"> {
    if (this.ended || this.#phaseNow === "preparing") return {}
    const relayed = this.context.relayedTo(this.facts.peer)
    if (relayed === undefined) return {}
    const rate = relayed.rate ?? this.#meter.rate(this.context.now())
    const left = this.facts.size - this.#transferred
    return { relay: rate > 0 ? { seconds: Math.ceil(left / rate) } : {} }
  }

  get #transferred(): number {
    return this.#flowing?.transferred ?? this.#known
  }

  #stopped(): void {
    if (this.#flowing !== undefined && this.#phaseNow !== "done") this.#known = this.#flowing.transferred
    this.#flowing = undefined
  }

  #state(pausedBy: Transfer["pausedBy"]): TransferState {
    if (this.#phaseNow !== "accepted") return this.#phaseNow
    if (pausedBy !== undefined) return "paused"
    if (this.#flowing === undefined) return "waiting"
    return this.#transferred === this.facts.size ? "finishing" : "active"
  }
}

/** What does not change, but for what preparing it takes out. */
export interface Facts {
  readonly id: TransferId
  readonly peer: PeerId
  /** As the peer was called when it began. */
  readonly nick: string
  readonly direction: "out" | "in"
  readonly kind: "file" | "folder"
  readonly name: string
  readonly size: number
  readonly files: number
  readonly skipped: number
  /** The first of what is skipped, by name. */
  readonly left: ReadonlyArray<string>
  /** Of what is offered to us, as far as its sender can tell. */
  readonly executables?: number
  readonly risks?: number
}

export type Phase = "preparing" | "offered" | "accepted" | "finishing" | End
export type End = "done" | "declined" | "cancelled" | "failed"

/** What moves the bytes over the connection in use. */
export interface Flow {
  readonly transferred: number
  readonly pausedBy: "us" | "them" | "both" | undefined
  readonly pause: (paused: boolean) => void
}

export const isEnd = (phase: Phase): phase is End =>
  phase === "done" || phase === "declined" || phase === "cancelled" || phase === "failed"

/** Milliseconds between news of mere progress: more often than anybody reads. */
const TELL_EVERY = 250

/**
 * Bytes a second over the last few seconds, from samples of how many bytes there were. What is slow comes in pieces
 * that are further apart than that: then it is what came with the last of them.
 */
class Meter {
  /** When there were more bytes than before, oldest first; at most `SAMPLES`. */
  #samples: Array<{ readonly at: number; readonly bytes: number }> = []

  /** `now` in ms; samples closer together than `STEP` count as one. */
  sample(now: number, bytes: number): void {
    const last = this.#samples.at(-1)
    if (bytes === last?.bytes) return
    // What was there is gone: a new beginning.
    if (last !== undefined && bytes < last.bytes) this.#samples = []
    if (last !== undefined && now - last.at < STEP && this.#samples.length > 1) this.#samples.pop()
    this.#samples.push({ at: now, bytes })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  rate(now: number): number {
    const last = this.#samples.at(-1)
    const before = this.#samples.slice(0, -1)
    const first = before.findLast(({ at }) => now - at >= WINDOW) ?? before[0]
    if (last === undefined || first === undefined || now <= first.at || now - last.at > PATIENCE) return 0
    return Math.round(((last.bytes - first.bytes) * 1000) / (now - first.at))
  }

  /** The flow begins anew: what was before says nothing of it. */
  reset(): void {
    this.#samples = []
  }
}

/** Milliseconds: long enough that a number does not flicker, short enough to show a path that has become slow. */
const WINDOW = 4_000
const STEP = 250
/** Milliseconds without a byte after which nothing moves any more: longer than any piece takes that is waited for. */
const PATIENCE = 30_000
const SAMPLES = WINDOW / STEP + 1

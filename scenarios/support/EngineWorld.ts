import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { EngineAnswer, EngineCall } from "../../src/protocol/SharedNames.js"
import { type EngineState, NameEngine } from "../../src/services/NameEngine.js"
import * as Timer from "../../src/services/Timer.js"
import { EngineModel } from "./EngineModel.js"

/**
 * The engine that simulated nodes share: it can be away, and fail over to a replica that has not learned the last steps
 * and whose clock is another one. `now`: virtual ms.
 */
export class EngineWorld {
  isUp = true
  engine = new EngineModel()
  readonly #now: () => number
  /** All that the primary was asked, and when by its clock. */
  #told: Array<{ readonly call: EngineCall; readonly wall: number }> = []
  #skew = 0
  #primaries = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get primary(): string {
    return `primary ${this.#primaries}`
  }

  ask(call: EngineCall): EngineAnswer {
    const wall = this.#now() + this.#skew
    this.#told.push({ call, wall })
    return this.engine.call(call, wall)
  }

  /** The replica takes over, without the last `lost` things that the primary has answered. */
  failOver(lost: number, skew: number): void {
    const replica = new EngineModel()
    this.#told = this.#told.slice(0, Math.max(0, this.#told.length - lost))
    for (const { call, wall } of this.#told) replica.call(call, wall)
    this.engine = replica
    this.#skew = skew
    this.#primaries++
  }

  /** A node's connection to it. */
  get layer(): Layer.Layer<NameEngine> {
    return Layer.effect(
      NameEngine,
      Effect.map(Timer.make, (after) => ({
        call: (call, done) => this.#call(after, call, done),
        follow: (from, handle) => {
          const { engine, primary } = this
          let last = Number.parseInt(from, 10)
          let callOff = () => {}
          const poll = () => {
            if (this.primary !== primary || !this.isUp) return
            const entries = engine.log.slice(last)
            last = Number.parseInt(entries.at(-1)?.at ?? String(last), 10)
            if (entries.length > 0) handle(entries)
            callOff = after(LOG_MS, poll)
          }
          callOff = after(LOG_MS, poll)
          return () => callOff()
        },
        watch: (handle) => this.#watch(after, handle)
      }))
    )
  }

  /** What is on its way when the engine fails may have been done, and its answer is lost. */
  #call(after: Timer.Timer, call: EngineCall, done: (answer: EngineAnswer | undefined) => void): void {
    const { primary } = this
    after(ONE_WAY_MS, () => {
      const isThere = this.isUp && this.primary === primary
      const answer = isThere ? this.ask(call) : undefined
      after(ONE_WAY_MS, () => done(this.isUp && this.primary === primary ? answer : undefined))
    })
  }

  #watch(after: Timer.Timer, handle: (state: EngineState) => void): Effect.Effect<void, never, Scope.Scope> {
    return Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => {
          const state = () => (this.isUp ? this.primary : "")
          let known: string | undefined
          let callOff = () => {}
          const look = () => {
            if (state() !== known) {
              // A connection to one that is another now is gone before there is a new one.
              if (known !== undefined && known !== "") handle({ _tag: "Down", message: "the connection is lost" })
              known = state()
              if (known !== "") handle({ _tag: "Up", primary: known })
            }
            callOff = after(LOOK_MS, look)
          }
          look()
          return () => callOff()
        }),
        (stop) => Effect.sync(stop)
      )
    )
  }
}

/** ms: a server next door. */
const ONE_WAY_MS = 1
/** ms after which an entry of the log has come to a node, at most. */
const LOG_MS = 3
/** ms after which a node has noticed that its connection is gone, or that one can be made. */
const LOOK_MS = 20

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { RegistryLimits } from "../core/rendezvous/RegistryMachine.js"
import type { ClaimOutcome, FindOutcome, Output } from "../core/rendezvous/shared/Output.js"
import { SharedNames } from "../core/rendezvous/shared/SharedNames.js"
import type { Claim } from "../domain/Registration.js"
import * as Bytes from "../protocol/Bytes.js"
import type { NodeEntry } from "../protocol/SharedNames.js"
import * as Alarm from "../services/Alarm.js"
import { Crypto } from "../services/Crypto.js"
import { Entropy } from "../services/Entropy.js"
import { NameEngine } from "../services/NameEngine.js"
import {
  type ClaimAnswer,
  type FindAnswer,
  Registry,
  type RegistryEvent,
  type Unavailable
} from "../services/Registry.js"
import * as Time from "../services/Time.js"

/** This node among those that share a registry. */
export class Node extends Context.Tag("parley/server/Node")<
  Node,
  {
    /** Names this start of this node, and no other. */
    readonly id: string
    /** What connection numbers of this node begin with, 0 to 255. */
    readonly slot: () => number
    /** Those that live, this one included, by their ids. */
    readonly nodes: () => ReadonlyMap<string, NodeEntry>
  }
>() {}

/**
 * A registry that several nodes share, in a `NameEngine` (docs/nodes.md). It serves once the engine has said who is
 * there. `at`: where other nodes reach this one. `keeps`: whether nicknames are kept for identities that are away.
 */
export const layer = (
  limits: RegistryLimits,
  at = "",
  keeps = false
): Layer.Layer<Registry | Node, never, NameEngine | Entropy | Crypto> => Layer.scopedContext(make(limits, at, keeps))

const make = (
  limits: RegistryLimits,
  at: string,
  keeps: boolean
): Effect.Effect<Context.Context<Registry | Node>, never, NameEngine | Entropy | Crypto | Scope.Scope> =>
  Effect.gen(function* () {
    const entropy = yield* Entropy
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const shell: Shell = new Shell(limits, at, keeps, {
      entropy,
      crypto: yield* Crypto,
      engine: yield* NameEngine,
      time: yield* Time.make,
      alarm: yield* Alarm.make((now) => shell.handleTimeout(now)),
      log: (message, annotations) => fork(Effect.annotateLogs(Effect.logWarning(message), annotations))
    })
    yield* shell.open
    return Context.merge(Context.make(Registry, shell.registry), Context.make(Node, shell.node))
  })

interface Tools {
  readonly entropy: typeof Entropy.Service
  readonly crypto: typeof Crypto.Service
  readonly engine: typeof NameEngine.Service
  readonly time: Time.Time
  readonly alarm: Alarm.Alarm
  readonly log: (message: string, annotations: Readonly<Record<string, unknown>>) => void
}

/** Asks the engine what the machine wants to know, and tells what it has to say. */
class Shell {
  readonly #tools: Tools
  readonly #machine: SharedNames
  readonly #id: string
  readonly #subscribers = new Set<(event: RegistryEvent) => void>()
  readonly #claims = new Map<number, (answer: ClaimAnswer) => void>()
  readonly #finds = new Map<number, (answer: FindAnswer) => void>()
  readonly #forgets = new Map<number, (answer: boolean | Unavailable) => void>()
  #tickets = 0
  #stopFollowing = () => {}
  #draining = false

  constructor(limits: RegistryLimits, at: string, keeps: boolean, tools: Tools) {
    this.#tools = tools
    this.#id = this.#unique(ID_BYTES)
    this.#machine = new SharedNames({
      node: this.#id,
      at,
      limits,
      keeps,
      random: () => {
        const [high = 0, low = 0] = tools.entropy.bytes(2)
        return (256 * high + low) / 65_536
      },
      generation: () => this.#unique(ID_BYTES)
    })
  }

  get node(): typeof Node.Service {
    const machine = this.#machine
    return { id: this.#id, slot: () => machine.slot, nodes: () => machine.nodes }
  }

  get registry(): typeof Registry.Service {
    const machine = this.#machine
    const { time } = this.#tools
    return {
      claim: (claim, done) => this.#claim(claim, done),
      release: (session, hold) => {
        machine.release(session, hold)
        this.#drain()
      },
      update: (session, where) => {
        machine.update(session, where)
        this.#drain()
      },
      find: (key, done) => {
        this.#finds.set(++this.#tickets, done)
        machine.find(key, this.#tickets, time.monotonic())
        this.#drain()
      },
      forget: (nickname, done) => {
        this.#forgets.set(++this.#tickets, done)
        machine.forget(nickname, this.#tickets)
        this.#drain()
      },
      subscribe: (handle) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            for (const registration of machine.living()) handle({ _tag: "Owned", registration })
            this.#subscribers.add(handle)
          }),
          () => Effect.sync(() => this.#subscribers.delete(handle))
        ),
      knows: () => false,
      reachable: () => machine.isReachable(time.monotonic()),
      names: () => machine.names
    }
  }

  /** Comes, and waits until it has heard who is there; goes with the scope. */
  get open(): Effect.Effect<void, never, Scope.Scope> {
    const { engine, time } = this.#tools
    const leave = Effect.async<void>((resume) => {
      this.#machine.leave(() => resume(Effect.void))
      this.#drain()
    })
    return Effect.gen(this, function* () {
      yield* engine.watch((state) => {
        this.#machine.handleState(state._tag === "Up" ? state.primary : undefined, time.monotonic())
        this.#drain()
      })
      yield* Effect.addFinalizer(() =>
        leave.pipe(
          Effect.timeout(LEAVE_MS),
          Effect.ignore,
          Effect.tap(() => Effect.sync(() => this.#stopFollowing()))
        )
      )
      yield* Effect.repeat(Effect.sleep(READY_EVERY_MS), {
        until: () => this.#machine.isReachable(time.monotonic())
      })
    })
  }

  handleTimeout(now: number): void {
    this.#machine.handleTimeout(now)
    this.#drain()
  }

  #claim(claim: Claim, done: (answer: ClaimAnswer) => void): void {
    const fresh = this.#unique(RESUME_BYTES)
    const shownHash = claim.resume === undefined ? "" : this.#hash(claim.resume)
    const tokens = { fresh, freshHash: this.#hash(fresh), shownHash }
    this.#claims.set(++this.#tickets, done)
    this.#machine.claim(claim, tokens, this.#tickets, this.#tools.time.monotonic())
    this.#drain()
  }

  /** Whoever is called may ask again before it returns: that waits for what is before it. */
  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll()) this.#run(output)
    this.#draining = false
    this.#tools.alarm.set(this.#machine.pollTimeout())
  }

  #run(output: Output): void {
    const { engine, log, time } = this.#tools
    switch (output._tag) {
      case "Call":
        engine.call(output.call, (answer) => {
          this.#machine.handleAnswer(output.id, answer, time.monotonic())
          this.#drain()
        })
        break
      case "Follow":
        this.#stopFollowing()
        this.#stopFollowing = engine.follow(output.after, (entries) => {
          this.#machine.handleEntries(entries, time.monotonic())
          this.#drain()
        })
        break
      case "Event":
        for (const handle of this.#subscribers) handle(output.event)
        break
      case "Claimed":
        take(this.#claims, output.ticket)?.(claimAnswer(output.answer))
        break
      case "Found":
        take(this.#finds, output.ticket)?.(findAnswer(output.answer))
        break
      case "Forgotten":
        take(this.#forgets, output.ticket)?.(output.answer ?? UNAVAILABLE)
        break
      case "Log":
        log(output.message, output.annotations)
    }
  }

  #unique(length: number): string {
    return Bytes.toBase64Url(this.#tools.entropy.bytes(length))
  }

  #hash(token: string): string {
    return Bytes.toBase64Url(this.#tools.crypto.hash(HASH_BYTES, [RESUME_LABEL, Bytes.fromText(token)]))
  }
}

const take = <A>(waiting: Map<number, A>, ticket: number): A | undefined => {
  const found = waiting.get(ticket)
  waiting.delete(ticket)
  return found
}

const claimAnswer = (outcome: ClaimOutcome): ClaimAnswer => {
  if (outcome === undefined) return UNAVAILABLE
  return "_tag" in outcome ? { _tag: "Refused", refusal: outcome } : { _tag: "Claimed", registration: outcome }
}

const findAnswer = (outcome: FindOutcome): FindAnswer => {
  if (outcome === undefined) return UNAVAILABLE
  return outcome === "Nobody" ? { _tag: outcome } : { _tag: "Found", registration: outcome }
}

const UNAVAILABLE: Unavailable = { _tag: "Unavailable", message: "Redis cannot be asked now" }

/** Never met twice: 96 bits. */
const ID_BYTES = 12
/** Not to be guessed: 128 bits. */
const RESUME_BYTES = 16
const HASH_BYTES = 16
const RESUME_LABEL = Bytes.fromText("parley resume token v1")
/** ms that a node waits for the engine to hear that it goes. */
const LEAVE_MS = 500
/** ms between two looks whether the engine has said who is there. */
const READY_EVERY_MS = 5

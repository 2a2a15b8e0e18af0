import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Bytes from "../protocol/Bytes.js"
import type { Mark } from "../protocol/NodeMessage.js"
import { banned } from "./Access.js"
import type { ClusterOptions } from "./Cluster.js"
import type { Hub } from "./Hub.js"
import { meant } from "./Meant.js"
import type { Answer, OperatorQuestion } from "./Mesh.js"

/** How many other nodes do as this one has decided, and how many have not said so yet. */
export interface Reach {
  readonly told: number
  readonly silent: number
}

/** Of a server, what decisions of its operator concern. */
type Decider = Pick<Hub, "access" | "kick" | "sessions" | "time">

/**
 * Has all nodes decide alike who may be here: bans, reserved nicknames and tokens. Each node tells each other what that
 * one has not acknowledged, again and again, and one that comes asks for everything before it lets anybody in. They say
 * it to each other and not through Redis, so it holds while Redis is away, and whoever may write there lets nobody in.
 */
export class Agreement {
  readonly #server: Decider
  readonly #cluster: ClusterOptions
  readonly #warn: (message: string) => void
  #isOpen = false
  /** How far each other node has acknowledged ours. */
  readonly #marks = new Map<string, Mark>()
  /** Those that are being told, and who waits for the end of it. */
  readonly #telling = new Map<string, Array<() => void>>()

  constructor(server: Decider, cluster: ClusterOptions, warn: (message: string) => void) {
    this.#server = server
    this.#cluster = cluster
    this.#warn = warn
    cluster.mesh.agree((question) => this.#answer(question))
  }

  /** Tells whoever does not know all of it yet; `done` as soon as everybody has answered, or had the time to. */
  tell(done: (reach: Reach) => void = () => {}): void {
    const others = this.#others()
    for (const node of this.#marks.keys()) if (!others.includes(node)) this.#marks.delete(node)
    let left = others.length
    const finish = () => {
      left--
      if (left <= 0) done(this.#reach())
    }
    if (left === 0) finish()
    for (const node of others) {
      const waiting = this.#telling.get(node)
      if (waiting !== undefined) waiting.push(finish)
      else if (this.#knows(node)) finish()
      else {
        this.#telling.set(node, [finish])
        this.#tellMore(node)
      }
    }
  }

  /** Asks every other node for all that it knows; those that do not answer tell it later. */
  get catchUp(): Effect.Effect<void> {
    return Effect.forEach(this.#others(), (node) => this.#recall(node), { concurrency: "unbounded", discard: true })
  }

  /** Goes on telling as long as the scope lives. */
  get keepTelling(): Effect.Effect<void, never, Scope.Scope> {
    const again = Effect.zipRight(
      Effect.sleep(AGAIN_MS),
      Effect.sync(() => this.tell())
    )
    return Effect.asVoid(Effect.forkScoped(Effect.forever(again)))
  }

  /** Ends the sessions of whoever is meant on all other nodes; `done` gets how many those have ended. */
  kick(whom: string, why: string, done: (ended: number, reach: Reach) => void): void {
    const others = this.#others()
    let ended = 0
    let told = 0
    let silent = 0
    if (others.length === 0) done(ended, { told, silent })
    for (const node of others)
      this.#cluster.mesh.ask(node, { _tag: "Kick", whom, why }, (answer) => {
        if (answer?._tag === "Kicked") {
          ended += answer.ended
          told++
        } else silent++
        if (told + silent === others.length) done(ended, { told, silent })
      })
  }

  #recall(node: string): Effect.Effect<void> {
    return Effect.async((resume) => {
      const more = (after: Mark) =>
        this.#cluster.mesh.ask(node, { _tag: "Recall", after }, (answer) => {
          if (answer?._tag !== "Recalled") return resume(Effect.void)
          this.#learn(answer)
          if (answer.isAll) resume(Effect.void)
          else more(answer.upTo)
        })
      more(NOTHING)
    })
  }

  #tellMore(node: string): void {
    const { bans, isAll, tokens, upTo } = this.#page(this.#marks.get(node) ?? NOTHING)
    this.#cluster.mesh.ask(node, { _tag: "Decided", bans, tokens }, (answer) => {
      const isNoted = answer?._tag === "Noted"
      if (isNoted) this.#marks.set(node, upTo)
      if (isNoted && (!isAll || !this.#knows(node))) this.#tellMore(node)
      else {
        const waiting = this.#telling.get(node) ?? []
        this.#telling.delete(node)
        for (const finish of waiting) finish()
      }
    })
  }

  #answer(question: OperatorQuestion): Answer {
    switch (question._tag) {
      case "Recall":
        return { _tag: "Recalled", ...this.#page(question.after) }
      case "Decided":
        this.#learn(question)
        return { _tag: "Noted" }
      case "Kick": {
        const theirs = meant(this.#server.sessions(), question.whom)
        for (const driver of theirs) this.#server.kick(driver, question.why)
        return { _tag: "Kicked", ended: theirs.length }
      }
    }
  }

  #learn({ bans, tokens }: { readonly bans: ReadonlyArray<string>; readonly tokens: ReadonlyArray<string> }): void {
    const { access, time } = this.#server
    const before = this.#version()
    for (const line of bans) access.bans.learn(line, time.wall())
    for (const line of tokens) access.tokens?.learn(line)
    if (tokens.length > 0 && access.tokens === undefined && !this.#isOpen) {
      this.#isOpen = true
      this.#warn(OPEN)
    }
    if (same(before, this.#version())) return
    for (const driver of [...this.#server.sessions()]) {
      const fingerprint = driver.registration?.identity?.fingerprint
      const ban =
        access.bans.ofAddress(driver.connection.remote, time.wall()) ??
        (fingerprint === undefined ? undefined : access.bans.ofIdentity(fingerprint, time.wall()))
      if (ban !== undefined) this.#server.kick(driver, banned(ban))
      else if (driver.holder !== undefined && access.tokens?.has(driver.holder.id) === false)
        this.#server.kick(driver, REVOKED)
    }
  }

  /** What comes behind that, as much as fits a line. */
  #page(after: Mark) {
    const { bans, tokens } = this.#server.access
    const page = { bans: [] as Array<string>, tokens: [] as Array<string> }
    const upTo = { ...after }
    let room = MAX_PAGE
    for (const kind of ["bans", "tokens"] as const) {
      for (const { line, version } of (kind === "bans" ? bans : tokens)?.after(after[kind]) ?? []) {
        room -= Bytes.fromText(JSON.stringify(line)).length + 1
        if (room < 0) return { ...page, upTo, isAll: false }
        page[kind].push(line)
        upTo[kind] = version
      }
      // What is over and forgotten has no line any more.
      upTo[kind] = this.#version()[kind]
    }
    return { ...page, upTo, isAll: true }
  }

  #version(): Mark {
    const { bans, tokens } = this.#server.access
    return { bans: bans.version, tokens: tokens?.version ?? 0 }
  }

  #knows(node: string): boolean {
    return same(this.#marks.get(node) ?? NOTHING, this.#version())
  }

  #others(): ReadonlyArray<string> {
    const { id, nodes } = this.#cluster.node
    return [...nodes().keys()].filter((node) => node !== id)
  }

  #reach(): Reach {
    const others = this.#others()
    const told = others.filter((node) => this.#knows(node)).length
    return { told, silent: others.length - told }
  }
}

/** What whoever came with a token that was taken back is told. */
export const REVOKED = "this access token was revoked"

/** Somebody has forgotten an option. */
const OPEN = "other nodes have tokens, and this one lets people in without"

const same = (one: Mark, other: Mark): boolean => one.bans === other.bans && one.tokens === other.tokens

const NOTHING: Mark = { bans: 0, tokens: 0 }
/** Bytes of the lines on one line between nodes, which has 16 KiB. */
const MAX_PAGE = 12_000
/** ms between two looks whether somebody has to be told. */
const AGAIN_MS = 2_000

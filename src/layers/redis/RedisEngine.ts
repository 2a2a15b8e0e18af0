import { createClient } from "@redis/client"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { RedisAddress } from "../../domain/RedisAddress.js"
import { Entropy } from "../../services/Entropy.js"
import { CALL_MS, type EngineState, NameEngine } from "../../services/NameEngine.js"
import * as Timer from "../../services/Timer.js"
import { answerOf, argumentsOf, entriesOf } from "./Replies.js"
import { SCRIPT } from "./Script.js"
import { type Place, primaryOf, unfit } from "./Server.js"

export interface RedisOptions {
  readonly address: RedisAddress
  /** What all keys begin with, in braces: several servers may share one Redis. */
  readonly prefix: string
}

/** Redis cannot be used, in a sentence without passwords. */
export class RedisError extends Data.TaggedError("RedisError")<{ readonly message: string }> {}

/**
 * The engine in Redis 7 or Valkey, by one script. It connects at once, and fails if that is not possible or if this is
 * no Redis that may be relied on; later it connects again for as long as its scope lives.
 *
 * Calls are answered in order on one connection; when one is not answered in time, or by an error that says that this
 * is not the primary, the connection is given up, and whatever was on it counts as unknown.
 */
export const layer = (options: RedisOptions): Layer.Layer<NameEngine, RedisError, Entropy> =>
  Layer.scoped(NameEngine, make(options))

const make = (options: RedisOptions): Effect.Effect<typeof NameEngine.Service, RedisError, Entropy | Scope.Scope> =>
  Effect.gen(function* () {
    const { bytes } = yield* Entropy
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const engine = new Engine(options, {
      after: yield* Timer.make,
      random: () => bytes(1)[0]! / 256,
      log: (message, annotations) => void fork(Effect.annotateLogs(Effect.logWarning(message), annotations))
    })
    yield* Effect.acquireRelease(Effect.void, () => Effect.sync(() => engine.close()))
    const fault = yield* Effect.promise(() => engine.open())
    if (fault !== undefined) return yield* new RedisError({ message: fault })
    return {
      call: (call, done) => engine.call(argumentsOf(call), (reply) => done(answerOf(reply))),
      follow: (after, handle) => engine.follow(after, (reply) => handle(entriesOf(reply))),
      watch: (handle) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            engine.watchers.add(handle)
            handle(engine.state)
          }),
          () => Effect.sync(() => engine.watchers.delete(handle))
        )
    }
  })

interface Tools {
  readonly after: Timer.Timer
  readonly random: () => number
  readonly log: (message: string, annotations: Readonly<Record<string, unknown>>) => void
}

type Client = ReturnType<typeof clientOf>

/** A client for one connection: when that ends, so does the client. */
const clientOf = ({ address }: RedisOptions, { host, port }: Place, forSentinel = false) => {
  const common = { host, port, connectTimeout: CONNECT_MS, reconnectStrategy: false } as const
  return createClient({
    RESP: 2,
    disableOfflineQueue: true,
    name: "parley",
    socket: address.tls
      ? { ...common, tls: true, ...(address.authorities === undefined ? {} : { ca: address.authorities }) }
      : common,
    ...(forSentinel ? {} : { database: address.database }),
    ...(address.username === undefined || forSentinel ? {} : { username: address.username }),
    ...(address.password === undefined || forSentinel ? {} : { password: address.password })
  })
}

class Engine {
  readonly watchers = new Set<(state: EngineState) => void>()
  state: EngineState = { _tag: "Down", message: "not connected yet" }
  readonly #options: RedisOptions
  readonly #tools: Tools
  readonly #keys: ReadonlyArray<string>
  #client: Client | undefined
  #place: Place | undefined
  #reader: Client | undefined
  #following: symbol | undefined
  #sha = ""
  /** When the calls that wait were made, with what is to be done; the oldest first. */
  readonly #pending = new Set<(reply: unknown) => void>()
  #checked = false
  #tries = 0
  #closed = false

  constructor(options: RedisOptions, tools: Tools) {
    this.#options = options
    this.#tools = tools
    this.#keys = KEYS.map((key) => `{${options.prefix}}:${key}`)
  }

  /** Connects for the first time; the reason why it cannot be used, if it cannot. */
  async open(): Promise<string | undefined> {
    const fault = await this.#connect()
    if (fault !== undefined) this.close()
    return fault
  }

  close(): void {
    this.#closed = true
    this.#lose("closing")
  }

  call(args: ReadonlyArray<string>, done: (reply: unknown) => void): void {
    const client = this.#client
    if (client === undefined) {
      this.#tools.after(0, () => done(undefined))
      return
    }
    const finish = (reply: unknown) => {
      if (this.#pending.delete(finish)) done(reply)
    }
    this.#pending.add(finish)
    this.#watchOldest(client)
    client
      .sendCommand(["EVALSHA", this.#sha, String(this.#keys.length), ...this.#keys, ...args])
      .then(finish, (cause: unknown) => {
        const message = messageOf(cause)
        // Not for what the connection's own end leaves unanswered.
        if (this.#client === client && isReply(cause))
          this.#tools.log("Redis refuses", { call: args[0], error: message })
        finish(undefined)
        if (this.#client === client && NOT_OURS.test(message)) this.#lose(message)
      })
  }

  follow(after: string, handle: (reply: unknown) => void): () => void {
    const mine = Symbol("follow")
    this.#following = mine
    void this.#read(after, handle, mine)
    return () => {
      if (this.#following === mine) this.#following = undefined
    }
  }

  /** Reads on until another one follows, or the connection is lost: then both connections are made anew. */
  async #read(after: string, handle: (reply: unknown) => void, mine: symbol): Promise<void> {
    const client = this.#client
    try {
      const reader = await this.#openReader()
      for (let at = after; this.#following === mine && this.#client === client; ) {
        const block = ["BLOCK", String(BLOCK_MS), "COUNT", "500", "STREAMS", this.#keys[LOG]!, at]
        const reply = await reader.sendCommand(["XREAD", ...block])
        if (this.#following !== mine || this.#client !== client) return
        const last = lastOf(reply)
        if (last === undefined) continue
        at = last
        handle(reply)
      }
    } catch (cause) {
      if (this.#client === client && client !== undefined) this.#lose(messageOf(cause))
    }
  }

  async #openReader(): Promise<Client> {
    const place = this.#place
    if (place === undefined) throw new Error("not connected")
    // The one before may still wait for what is not asked for any more.
    destroy(this.#reader)
    const reader = clientOf(this.#options, place)
    reader.on("error", () => {})
    this.#reader = reader
    await reader.connect()
    return reader
  }

  async #connect(): Promise<string | undefined> {
    let client: Client | undefined
    try {
      const place = await this.#locate()
      client = clientOf(this.#options, place)
      const connected = client
      client.on("error", (cause) => {
        if (this.#client === connected) this.#lose(messageOf(cause))
      })
      client.on("end", () => {
        if (this.#client === connected) this.#lose("the connection has ended")
      })
      await client.connect()
      const info = String(await client.sendCommand(["INFO", "everything"]))
      const fault = unfit(info, this.#checked)
      if (fault !== undefined) throw new Error(fault)
      this.#sha = String(await client.sendCommand(["SCRIPT", "LOAD", SCRIPT]))
      if (this.#closed) throw new Error("closing")
      if (this.#checked) this.#tools.log("Redis is back", { after: this.#tries })
      this.#checked = true
      this.#tries = 0
      this.#client = client
      this.#place = place
      this.#tell({ _tag: "Up", primary: primaryOf(info) })
      return undefined
    } catch (cause) {
      destroy(client)
      const message = this.#withPlace(messageOf(cause))
      if (this.#checked) this.#again(message)
      return message
    }
  }

  /** Where the primary is. */
  async #locate(): Promise<Place> {
    const { hosts, sentinel } = this.#options.address
    if (sentinel === undefined) return hosts[0]!
    let last = "no Sentinel can be reached"
    for (const host of hosts) {
      const client = clientOf(this.#options, host, true)
      client.on("error", () => {})
      try {
        await client.connect()
        const found = (await client.sendCommand(["SENTINEL", "get-master-addr-by-name", sentinel])) as unknown
        if (Array.isArray(found)) return { host: String(found[0]), port: Number(found[1]) }
        last = `the Sentinels know no primary of the name ${sentinel}`
      } catch (cause) {
        last = messageOf(cause)
      } finally {
        destroy(client)
      }
    }
    throw new Error(last)
  }

  /** The connection is of no use any more. */
  #lose(message: string): void {
    const isNews = this.state._tag === "Up"
    const connections = [this.#client, this.#reader]
    // Before anything is called that may come back here.
    this.state = { _tag: "Down", message }
    this.#client = undefined
    this.#reader = undefined
    this.#following = undefined
    for (const connection of connections) destroy(connection)
    const pending = [...this.#pending]
    if (isNews) this.#tell(this.state)
    for (const finish of pending) finish(undefined)
    if (isNews) this.#again(this.#withPlace(message))
  }

  #again(message: string): void {
    if (this.#closed) return
    if (this.#tries === 0) this.#tools.log("Redis is away", { error: message })
    const wait = Math.min(MAX_AGAIN_MS, AGAIN_MS * 2 ** this.#tries++)
    this.#tools.after(Math.round(wait * (0.5 + this.#tools.random())), () => {
      if (!this.#closed) void this.#connect()
    })
  }

  #tell(state: EngineState): void {
    this.state = state
    for (const handle of this.watchers) handle(state)
  }

  /** One timer for all calls: it looks whether the oldest of now is still there. */
  #watchOldest(client: Client): void {
    if (this.#pending.size > 1) return
    const look = () => {
      const [oldest] = this.#pending
      if (oldest === undefined) return
      this.#tools.after(CALL_MS, () => {
        if (this.#client !== client) return
        if (this.#pending.has(oldest)) this.#lose("a call was not answered in time")
        else look()
      })
    }
    look()
  }

  #withPlace(message: string): string {
    const { hosts } = this.#options.address
    const { host, port } = this.#place ?? hosts[0]!
    return `Redis at ${host.includes(":") ? `[${host}]` : host}:${port}: ${message}`
  }
}

const KEYS = [
  "meta",
  "names",
  "lookalikes",
  "sessions",
  "held:anonymous",
  "held:identities",
  "leases",
  "nodes",
  "log",
  "kept",
  "kept:lookalikes",
  "kept:order",
  "kept:of"
] as const
const LOG = KEYS.indexOf("log")

/** Errors of a Redis that is not the primary (any more), or does not know the script, or is not ready. */
const NOT_OURS = /^(READONLY|MASTERDOWN|LOADING|NOSCRIPT|CLUSTERDOWN|MOVED|UNKILLABLE|SCHEMA)/

const CONNECT_MS = 3_000
/** ms of one question of the log: short, so that a reader that is of no use any more goes. */
const BLOCK_MS = 2_000
/** ms until the first try to connect again, twice as long after each, up to the other. */
const AGAIN_MS = 100
const MAX_AGAIN_MS = 2_000

const messageOf = (cause: unknown): string => {
  const [first = cause] = cause instanceof AggregateError ? (cause.errors as Array<unknown>) : []
  return first instanceof Error ? first.message : String(first)
}

/** Whether Redis itself said so. */
const isReply = (cause: unknown): boolean => cause instanceof Error && /^[A-Z]+ /.test(cause.message)

const lastOf = (reply: unknown): string | undefined => {
  const [stream] = Array.isArray(reply) ? (reply as Array<[string, Array<[string, unknown]>]>) : []
  return stream?.[1].at(-1)?.[0]
}

const destroy = (client: Client | undefined): void => {
  try {
    if (client?.isOpen === true) client.destroy()
  } catch {
    // It was closed already.
  }
}

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import {
  Client,
  type ClientEvent,
  type ClientOptions,
  layerClient,
  layerNode,
  layerServer,
  Server
} from "../../src/index.js"
import { ascending, type Figures, quantile } from "../support/Figures.js"
import type { Pipe } from "./Pipe.js"

/**
 * What users of the library get: two clients that a real server has introduced, each with its profile and its journal
 * on disk, driven by Effects and read as streams. The server runs in the process of A and has nothing to do while it is
 * measured.
 */

export const wholeA = (pipe: Pipe): Promise<Figures> => {
  const home = mkdtempSync(join(tmpdir(), "parley-bench-"))
  return Effect.gen(function* () {
    const server = yield* Server
    const port = server.local.port
    pipe.send(port)
    yield* Effect.promise(() => pipe.receive())
    return yield* talk(pipe).pipe(Effect.provide(client(port)))
  })
    .pipe(
      Effect.provide(layerServer({ port: 0 })),
      Effect.provide(layerNode({ home })),
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.runPromise
    )
    .then((figures) => ({ ...figures, "journal floor: append and fdatasync of 150 B p50 µs": flushes(home) }))
    .finally(() => rmSync(home, { recursive: true, force: true }))
}

export const wholeB = async (pipe: Pipe): Promise<Figures> => {
  const home = mkdtempSync(join(tmpdir(), "parley-bench-"))
  const port = await pipe.receive<number>()
  return Effect.gen(function* () {
    const self = yield* Client
    yield* self.register("bob")
    pipe.send("registered")
    let shown = 0
    let before = process.cpuUsage()
    let used = before
    const count = (texts: number) => {
      if (shown < WARM_UP && shown + texts >= WARM_UP) before = process.cpuUsage()
      shown += texts
      if (shown >= WARM_UP + MESSAGES && texts > 0) used = process.cpuUsage(before)
    }
    const hear = (events: ReadonlyArray<ClientEvent>) => {
      const echoes: Array<string> = []
      let texts = 0
      let called = Effect.void
      for (const event of events) {
        if (event._tag === "Incoming") called = Effect.ignore(self.query(event.nick))
        if (event._tag !== "Message") continue
        if (event.text.startsWith(ECHOED)) echoes.push(event.text)
        else texts++
      }
      count(texts)
      return echoes.length === 0 ? called : self.sendAll("alice", echoes)
    }
    yield* Effect.forkScoped(self.handleBatches(hear))
    yield* Effect.promise(() => pipe.receive())
    return { "whole client: receiver CPU µs/message": (used.user + used.system) / MESSAGES }
  })
    .pipe(
      Effect.scoped,
      Effect.provide(client(port)),
      Effect.provide(layerNode({ home })),
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.runPromise
    )
    .finally(() => rmSync(home, { recursive: true, force: true }))
}

const talk = (pipe: Pipe) =>
  Effect.gen(function* () {
    const self = yield* Client
    yield* self.register("alice")
    let delivered = 0
    let onDelivered = () => {}
    let onEcho: Effect.Effect<unknown, unknown> = Effect.void
    const mutual = yield* Deferred.make<void>()
    const hear = (events: ReadonlyArray<ClientEvent>) => {
      let answer: Effect.Effect<unknown, unknown> = Effect.void
      for (const event of events) {
        if (event._tag === "Mutual") Deferred.unsafeDone(mutual, Effect.void)
        if (event._tag === "Message") answer = onEcho
        if (event._tag === "Delivered") delivered++
      }
      onDelivered()
      return answer
    }
    yield* Effect.forkScoped(self.handleBatches(hear))
    yield* self.query("bob")
    /** Until the last one is delivered. */
    const sayOften = (count: number) =>
      Effect.suspend(() => {
        const all = delivered + count
        return Effect.zipRight(
          self.sendAll("bob", new Array<string>(count).fill(TEXT)),
          Effect.async<void>((resume) => {
            onDelivered = () => {
              if (delivered >= all) resume(Effect.void)
            }
            onDelivered()
          })
        )
      })
    yield* self.send("bob", "hello")
    yield* Deferred.await(mutual)
    // With the greeting.
    yield* sayOften(WARM_UP - 1)

    const started = performance.now()
    const cpu = process.cpuUsage()
    yield* sayOften(MESSAGES)
    const seconds = (performance.now() - started) / 1_000
    const { system, user } = process.cpuUsage(cpu)

    const times: Array<number> = []
    const rounds = yield* Deferred.make<void>()
    let at = 0
    const say = Effect.suspend(() => {
      at = performance.now()
      return self.send("bob", ECHOED + TEXT)
    })
    onEcho = Effect.suspend((): Effect.Effect<unknown, unknown> => {
      times.push(performance.now() - at)
      return times.length === ROUND_TRIPS ? Deferred.succeed(rounds, undefined) : say
    })
    const cpuBefore = process.cpuUsage()
    yield* say
    yield* Deferred.await(rounds)
    const used = process.cpuUsage(cpuBefore)
    pipe.send("done")
    const sorted = ascending(times.slice(ROUND_TRIPS / 2))
    return {
      "whole client: messages 100 B one way /s": MESSAGES / seconds,
      "whole client: sender CPU µs/message": (user + system) / MESSAGES,
      "whole client: round trip 100 B p50 µs": 1_000 * quantile(sorted, 0.5),
      "whole client: round trip 100 B p99 µs": 1_000 * quantile(sorted, 0.99),
      "whole client: CPU of one side µs/round trip": (used.user + used.system) / ROUND_TRIPS
    }
  }).pipe(Effect.scoped)

/** A client of the server on this port, and of nothing else. */
export const client = (port: number, options: Partial<ClientOptions> = {}) =>
  layerClient({ server: { host: "127.0.0.1", port }, portMapping: false, ...options })

/** What the disk takes for one flush: each message that waits for one costs at least that. */
const flushes = (folder: string): number => {
  const file = openSync(join(folder, "flushes"), "a")
  const times = Array.from({ length: FLUSHES }, () => {
    const at = performance.now()
    writeSync(file, new Uint8Array(150))
    fdatasyncSync(file)
    return performance.now() - at
  })
  closeSync(file)
  return 1_000 * quantile(ascending(times), 0.5)
}

const TEXT = "x".repeat(100)
const ECHOED = "echo "
/** About a second of it before, as the link alone has: until what runs often is compiled. */
const WARM_UP = 100_000
const MESSAGES = 100_000
/** The first half of them warms up, as the link's does. */
const ROUND_TRIPS = 10_000
const FLUSHES = 200

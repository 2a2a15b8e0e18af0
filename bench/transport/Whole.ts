import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import { Client, layerClient, layerNode, layerServer, Server } from "../../src/index.js"
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
    yield* Effect.forkScoped(
      Stream.runForEach(self.events, (event) => {
        if (event._tag === "Incoming") return Effect.ignore(self.query(event.nick))
        if (event._tag !== "Message") return Effect.void
        if (event.text.startsWith(ECHOED)) return Effect.asVoid(self.send(event.from, event.text))
        if (++shown === WARM_UP) before = process.cpuUsage()
        else if (shown === WARM_UP + MESSAGES) used = process.cpuUsage(before)
        return Effect.void
      })
    )
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
    let returned = Effect.void
    const room = yield* Effect.makeSemaphore(UNDER_WAY)
    const mutual = yield* Deferred.make<void>()
    yield* Effect.forkScoped(
      Stream.runForEach(self.events, (event) => {
        if (event._tag === "Mutual") return Deferred.succeed(mutual, undefined)
        if (event._tag === "Message") return returned
        return event._tag === "Delivered" ? room.release(1) : Effect.void
      })
    )
    const bob = yield* self.query("bob")
    const say = (text: string) => Effect.zipRight(room.take(1), bob.send(text))
    /** Until the last one is delivered. */
    const sayOften = (count: number) =>
      Effect.forEach(Array.from({ length: count }), () => say(TEXT), { concurrency: AT_ONCE, discard: true }).pipe(
        Effect.zipRight(room.withPermits(UNDER_WAY)(Effect.void))
      )
    yield* say("hello")
    yield* Deferred.await(mutual)
    yield* sayOften(WARM_UP)

    const started = performance.now()
    const cpu = process.cpuUsage()
    yield* sayOften(MESSAGES)
    const seconds = (performance.now() - started) / 1_000
    const { system, user } = process.cpuUsage(cpu)

    const times: Array<number> = []
    for (let i = 0; i < ROUND_TRIPS; i++) {
      const back = yield* Deferred.make<void>()
      returned = Effect.asVoid(Deferred.succeed(back, undefined))
      const at = performance.now()
      yield* say(ECHOED + TEXT)
      yield* Deferred.await(back)
      times.push(performance.now() - at)
    }
    pipe.send("done")
    const sorted = ascending(times.slice(ROUND_TRIPS / 4))
    return {
      "whole client: messages 100 B one way /s": MESSAGES / seconds,
      "whole client: sender CPU µs/message": (user + system) / MESSAGES,
      "whole client: round trip 100 B p50 µs": 1_000 * quantile(sorted, 0.5),
      "whole client: round trip 100 B p99 µs": 1_000 * quantile(sorted, 0.99)
    }
  }).pipe(Effect.scoped)

const client = (port: number) => layerClient({ server: { host: "127.0.0.1", port }, portMapping: false })

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
/** Until what runs often is compiled. */
const WARM_UP = 10_000
const MESSAGES = 20_000
/** Not confirmed yet: less than the outbox takes. */
const UNDER_WAY = 2_048
/** Sends that wait for the disk at a time, as when a program hands over all that it has read. */
const AT_ONCE = 512
const ROUND_TRIPS = 1_000
const FLUSHES = 200

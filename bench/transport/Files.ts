import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { Client, type ClientEvent, layerNode, layerServer, Server } from "../../src/index.js"
import type { Figures } from "../support/Figures.js"
import type { Pipe } from "./Pipe.js"
import { largestResident } from "./Timing.js"
import { client } from "./Whole.js"

/**
 * A file through two whole clients, from one's disk to the other's: read, hashed, sealed, opened, hashed, written and
 * flushed. What is measured begins with the first byte and ends when the file has its name; reading it for the offer
 * comes before, and has a figure of its own.
 */

export const filesA = (pipe: Pipe): Promise<Figures> =>
  within((home) =>
    Effect.gen(function* () {
      const { port } = (yield* Server).local
      pipe.send(port)
      yield* Effect.promise(() => pipe.receive())
      return yield* Effect.provide(offer(pipe, home), client(port))
    }).pipe(Effect.provide(layerServer({ port: 0 })), Effect.provide(layerNode({ home })))
  )

export const filesB = async (pipe: Pipe): Promise<Figures> => {
  const port = await pipe.receive<number>()
  return within((home) => {
    const floor = write(join(home, "floor"))
    return Effect.gen(function* () {
      const self = yield* Client
      yield* self.register("bob")
      pipe.send("registered")
      const done = yield* Deferred.make<Figures>()
      let begun: { readonly at: number; readonly cpu: NodeJS.CpuUsage } | undefined
      const hear = (event: ClientEvent): Effect.Effect<unknown, unknown> => {
        if (event._tag === "Incoming") return self.query(event.nick)
        if (event._tag !== "Transfer") return Effect.void
        const { state } = event.transfer
        if (state === "active") begun ??= { at: performance.now(), cpu: process.cpuUsage() }
        if (state === "failed") return Deferred.die(done, new Error(event.transfer.message))
        if (state !== "done" || begun === undefined) return Effect.void
        const seconds = (performance.now() - begun.at) / 1_000
        const { system, user } = process.cpuUsage(begun.cpu)
        return Deferred.succeed(done, {
          "file through whole clients and disks MB/s": MEGABYTES / seconds,
          "file through whole clients: receiver CPU ms/MB": (user + system) / 1_000 / MEGABYTES,
          "file through whole clients: receiver RSS MB": largestResident(),
          "file floor: written and flushed MB/s": floor
        })
      }
      yield* Effect.forkScoped(self.handleEvents((event) => Effect.ignore(hear(event))))
      const figures = yield* Deferred.await(done)
      pipe.send("stored")
      yield* Effect.promise(() => pipe.receive())
      return figures
    }).pipe(
      Effect.scoped,
      Effect.provide(client(port, { accept: "all", downloads: home })),
      Effect.provide(layerNode({ home }))
    )
  })
}

const offer = (pipe: Pipe, home: string) =>
  Effect.gen(function* () {
    const file = join(home, "sent")
    write(file)
    const self = yield* Client
    yield* self.register("alice")
    const read = yield* Deferred.make<number>()
    const mutual = yield* Deferred.make<void>()
    const hear = (event: ClientEvent) => {
      if (event._tag === "Mutual") return Deferred.succeed(mutual, undefined)
      const isRead = event._tag === "Transfer" && event.transfer.state !== "preparing"
      return isRead ? Deferred.succeed(read, performance.now()) : Effect.void
    }
    yield* Effect.forkScoped(self.handleEvents(hear))
    yield* self.query("bob")
    yield* Deferred.await(mutual)
    const at = performance.now()
    yield* self.files.offer("bob", file)
    const readMs = (yield* Deferred.await(read)) - at
    const cpu = process.cpuUsage()
    yield* Effect.promise(() => pipe.receive())
    const { system, user } = process.cpuUsage(cpu)
    pipe.send("done")
    return {
      "file read for its offer MB/s": (1_000 * MEGABYTES) / readMs,
      "file through whole clients: sender CPU ms/MB": (user + system) / 1_000 / MEGABYTES,
      "file through whole clients: sender RSS MB": largestResident()
    }
  }).pipe(Effect.scoped)

/** Writes a file of `MEGABYTES`, and has it on disk; MB/s. No two of its pieces are alike. */
const write = (path: string): number => {
  const piece = Buffer.alloc(1e6)
  const at = performance.now()
  const file = openSync(path, "w")
  for (let i = 0; i < MEGABYTES; i++) {
    piece.writeUInt32BE(i)
    writeSync(file, piece)
  }
  fsyncSync(file)
  closeSync(file)
  return (1_000 * MEGABYTES) / (performance.now() - at)
}

/** Runs it with a folder that is gone afterwards. */
const within = (run: (home: string) => Effect.Effect<Figures, unknown>): Promise<Figures> => {
  const home = mkdtempSync(join(tmpdir(), "parley-bench-"))
  return Effect.runPromise(Logger.withMinimumLogLevel(run(home), LogLevel.None)).finally(() =>
    rmSync(home, { recursive: true, force: true })
  )
}

/** As much as a side's buffers hold a hundred times over. */
const MEGABYTES = 400

import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as ServerTelemetry from "../../src/cli/ServerTelemetry.js"
import { Counters } from "../../src/server/Counters.js"
import type { ServerApi } from "../../src/server/Server.js"
import { Vitals } from "../../src/services/Vitals.js"

interface Received {
  readonly path: string | undefined
  readonly key: string | undefined
  readonly body: string
}

/** What a collector receives, which answers so. */
const collector = (status: number) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly received: Array<Received>; readonly close: () => void }>((resume) => {
      const received: Array<Received> = []
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => {
          body += String(chunk)
        })
        request.on("end", () => {
          received.push({ path: request.url, key: request.headers.authorization, body })
          response.writeHead(status).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
        resume(Effect.succeed({ url, received, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const server: ServerApi = {
  local: { family: "ipv4", address: "192.0.2.1", port: 1 },
  stats: Effect.sync(() =>
    new Counters().with({
      connections: 77,
      watchers: 0,
      watched: 0,
      live: 0,
      names: 0,
      queued: 0,
      waiting: { turn: 0, proof: 0, presence: 0, goodbye: 0 }
    })
  ),
  unready: Effect.succeed(undefined),
  change: () => Effect.void,
  drain: () => Effect.void,
  drained: Effect.never
}

const vitals = {
  read: () => ({
    startedAt: 0,
    cpuSeconds: 1,
    residentBytes: 1,
    heapBytes: 1,
    runtime: "v20",
    delay: { bounds: [1], below: [0], count: 0, sum: 0 }
  })
}

/** Sends to a collector until the scope closes, which sends once more; gives what the log says of it. */
const sendOnce = (url: string) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* ServerTelemetry.send(url, server, "authorization=Bearer%20x").pipe(
      Scope.extend(scope),
      Effect.provideService(Vitals, vitals)
    )
    yield* Scope.close(scope, Exit.void)
  }).pipe((program) => {
    const said: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => void said.push(message))
    return Effect.as(Effect.provide(program, Logger.replace(Logger.defaultLogger, logger)), said)
  })

it.scopedLive("sends the figures to a collector, the last time when it ends", () =>
  Effect.gen(function* () {
    const { received, url } = yield* collector(200)
    const said = yield* sendOnce(url)
    expect(said.flat()).toEqual(["sending metrics"])
    expect(received.map(({ key, path }) => [path, key])).toEqual([["/v1/metrics", "Bearer x"]])
    const [{ resource, scopeMetrics }] = JSON.parse(received[0]!.body).resourceMetrics
    expect(JSON.stringify(resource)).toContain("parley-server")
    const metrics: ReadonlyArray<{ readonly name: string }> = scopeMetrics[0].metrics
    const named = (name: string) => JSON.stringify(metrics.find((metric) => metric.name === name))
    expect(named("parley_server_connections")).toContain('"asDouble":77')
    expect(named("process_cpu_seconds")).toContain('"isMonotonic":true')
    expect(named("parley_server_event_loop_delay_seconds")).toContain("0.99")
  })
)

it.scopedLive("says in the log when a collector does not take them", () =>
  Effect.gen(function* () {
    const { url } = yield* collector(503)
    expect((yield* sendOnce(url)).flat()).toEqual(["sending metrics", "the metrics are not taken"])
  })
)

it.scopedLive("does not begin with headers that cannot be read, and tells nobody what stands in them", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(ServerTelemetry.send("http://127.0.0.1:1", server, "authorization=50%secret"))
    expect(error.message).toContain("OTEL_EXPORTER_OTLP_HEADERS")
    expect(error.message).not.toContain("secret")
  }).pipe(Effect.provideService(Vitals, vitals))
)

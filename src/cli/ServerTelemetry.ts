import * as OtlpMetrics from "@effect/opentelemetry/OtlpMetrics"
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { figuresOf } from "../server/Metrics.js"
import type { ServerApi } from "../server/Server.js"
import { quantile } from "../server/status/History.js"
import * as Site from "../server/status/Site.js"
import { type Figure, INTERVAL, publish } from "../services/Figures.js"
import { Vitals } from "../services/Vitals.js"
import { ProgramError } from "./ProgramError.js"

/**
 * Sends the figures of the server and its process to a collector of OpenTelemetry at this address (OTLP over HTTP, as
 * JSON) every ten seconds, and once more when the scope closes, as long as somebody is there who takes them. `headers`
 * are written as `OTEL_EXPORTER_OTLP_HEADERS` has them: `key=value`, with commas between them and `%` as in addresses;
 * fails when they are not.
 */
export const send = (
  url: string,
  server: ServerApi,
  headers: string = ""
): Effect.Effect<void, ProgramError, Vitals | Scope.Scope> =>
  Effect.gen(function* () {
    const shown = yield* headersOf(headers)
    const exporter = OtlpMetrics.layer({
      url: `${url.replace(/\/$/, "")}/v1/metrics`,
      resource: { serviceName: "parley-server", serviceVersion: PARLEY_VERSION },
      headers: shown,
      exportInterval: INTERVAL,
      shutdownTimeout: "500 millis"
    })
    yield* Layer.build(Layer.provide(exporter, Layer.merge(telling(url), OtlpSerialization.layerJson)))
    // Built later, so closed earlier: what it reads last is sent, too.
    yield* publish(yield* read(server), INTERVAL)
    yield* Effect.annotateLogs(Effect.logInfo("sending metrics"), { to: url })
  })

const read = (server: ServerApi) =>
  Effect.map(Vitals, ({ read }) => {
    let before = read().delay
    return Effect.zipWith(server.stats, server.unready, (stats, unready): ReadonlyArray<Figure> => {
      const signs = read()
      const delay = quantile(0.99, signs.delay, before)
      before = signs.delay
      return [...figuresOf(stats), ...Site.figuresOfProcess(signs, PARLEY_VERSION, unready), { ...DELAY, value: delay }]
    })
  })

/** Effect has no histograms that were counted by somebody else. */
const DELAY = {
  kind: "gauge",
  name: "parley_server_event_loop_delay_seconds",
  help: "What 99 of 100 timers came late by at most, since the last look",
  labels: { quantile: "0.99" }
} as const

/** Fetch, which says in the log when nobody takes what is sent: once a minute, as often as the exporter begins anew. */
const telling = (url: string): Layer.Layer<HttpClient.HttpClient> => {
  let saidAt = Number.NEGATIVE_INFINITY
  const say = (error: string) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now - saidAt < AGAIN_MS) return Effect.void
      saidAt = now
      return Effect.annotateLogs(Effect.logWarning("the metrics are not taken"), { to: url, error })
    })
  return Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.transformResponse(client, (response) =>
        response.pipe(
          Effect.tap(({ status }) => (status < 300 ? Effect.void : say(`status ${status}`))),
          Effect.tapError(({ message }) => say(message))
        )
      )
    )
  ).pipe(Layer.provide(FetchHttpClient.layer))
}

const AGAIN_MS = 60_000

/** The values stay out of the error: they may be secrets. */
const headersOf = (text: string): Effect.Effect<Readonly<Record<string, string>>, ProgramError> =>
  Effect.try({
    try: () =>
      Object.fromEntries(
        text.split(",").flatMap((pair) => {
          const at = pair.indexOf("=")
          return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]]
        })
      ),
    catch: () =>
      new ProgramError({
        message: "OTEL_EXPORTER_OTLP_HEADERS cannot be read: write KEY=VALUE,… with %25 for each % of a value"
      })
  })

import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Figure, INTERVAL, publish } from "../services/Figures.js"
import type { ServerStats } from "./Counters.js"
import { Server } from "./Server.js"

/** The statistics of the server as metrics of Effect (`parley_server_…`), read every ten seconds when left out. */
export const layer = (interval: Duration.DurationInput = INTERVAL): Layer.Layer<never, never, Server> =>
  Layer.scopedDiscard(Effect.flatMap(Server, ({ stats }) => publish(Effect.map(stats, figuresOf), interval)))

/** Every number in the statistics, under a name for machines. */
export const figuresOf = (stats: ServerStats): ReadonlyArray<Figure> => {
  const { accepted, connections, endings, live, moods, names, reflector, refused, relay, requests } = stats
  const { watched, watchers } = stats
  const { channels, ...relayed } = relay ?? {}
  return [
    ...all("gauge", "", { connections, watchers, watched, live, names, relay_channels: channels }),
    ...all("counter", "", { accepted, refused, requests }),
    ...all("counter", "relay_", relayed),
    ...all("counter", "reflector_", reflector ?? {}),
    ...labelled("endings", "reason", endings),
    ...labelled("conversations", "by", moods)
  ]
}

const all = (kind: Figure["kind"], prefix: string, values: object): ReadonlyArray<Figure> =>
  Object.entries(values).flatMap(([name, value]) =>
    typeof value === "number" ? [{ kind, name: `parley_server_${prefix}${name}`, value }] : []
  )

const labelled = (name: string, key: string, values: Readonly<Record<string, number>>): ReadonlyArray<Figure> =>
  Object.entries(values).map(([label, value]) => ({
    kind: "counter",
    name: `parley_server_${name}`,
    value,
    label: { key, value: label }
  }))

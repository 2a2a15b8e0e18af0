import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { byLabel, type Figure, INTERVAL, publish } from "../services/Figures.js"
import type { ServerStats } from "./Counters.js"
import { Server } from "./Server.js"

/**
 * The statistics of the server as metrics of Effect (`parley_server_…`), read every ten seconds when left out.
 *
 * @since 0.1.0
 */
export const layer = (interval: Duration.DurationInput = INTERVAL): Layer.Layer<never, never, Server> =>
  Layer.scopedDiscard(Effect.flatMap(Server, ({ stats }) => publish(Effect.map(stats, figuresOf), interval)))

/** Every number in the statistics, under a name for machines. */
export const figuresOf = (stats: ServerStats): ReadonlyArray<Figure> => [
  gauge("connections", "Connections that are open", stats.connections),
  gauge("registered", "Connections that have registered a nickname", stats.registered),
  gauge("names_live", "Nicknames whose owners are here", stats.live),
  gauge("names", "Nicknames in use and held for their owners", stats.names),
  gauge("watchers", "Sessions that watch everybody", stats.watchers),
  gauge("watched", "Pairs of a session and a nickname that it watches", stats.watched),
  gauge("send_queue_bytes", "Bytes that wait for clients to read them", stats.queued),
  ...byLabel(
    { kind: "gauge", name: `${PREFIX}waiting`, help: "What waits: for its turn, a proof, presence, a goodbye" },
    "for",
    { ...stats.waiting }
  ),
  counter("accepted", "Connections let in", stats.accepted),
  counter("refused", "Connections turned away by a limit", stats.refused),
  counter("requests", "Requests beyond pings, relayed packets and goodbyes", stats.requests),
  counter("registrations", "Nicknames given to sessions", stats.registrations),
  counter("queries", "Queries for a nickname", stats.queries),
  counter("introductions", "Queries that introduced two to each other", stats.introductions),
  ...counters("refusals", "Connections and sessions turned away, by the reason in the log", "reason", stats.refusals),
  ...counters("errors", "Requests refused, by the answer", "code", stats.errors),
  ...counters("endings", "Sessions that ended, by how", "reason", stats.endings),
  ...counters("conversations", "Ended sessions, by how their conversations went, as they say", "path", stats.moods),
  ...(stats.relay === undefined ? [] : ofRelay(stats.relay)),
  ...(stats.reflector === undefined
    ? []
    : counters("stun_requests", "Datagrams to the reflector, by what became of them", "result", {
        ...stats.reflector
      }))
]

const ofRelay = ({
  bytes,
  channels,
  packets,
  ...dropped
}: NonNullable<ServerStats["relay"]>): ReadonlyArray<Figure> => [
  gauge("relay_channels", "Pairs that the relay carries packets for", channels),
  counter("relay_packets", "Packets carried by the relay", packets),
  counter("relay_bytes", "Bytes of the packets carried by the relay", bytes),
  ...counters("relay_dropped", "Packets not carried by the relay, by why", "reason", dropped)
]

const PREFIX = "parley_server_"

const gauge = (name: string, help: string, value: number): Figure => ({
  kind: "gauge",
  name: PREFIX + name,
  help,
  value
})

const counter = (name: string, help: string, value: number): Figure => ({
  kind: "counter",
  name: PREFIX + name,
  help,
  value
})

const counters = (name: string, help: string, label: string, values: Readonly<Record<string, number>>) =>
  byLabel({ kind: "counter", name: PREFIX + name, help }, label, values)

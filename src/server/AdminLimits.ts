import type { Rate } from "../core/support/TokenBucket.js"
import type { LimitValue } from "../protocol/Admin.js"
import { type Changeable, rateOf, type ServerOptions } from "./ServerOptions.js"

/** The limits that an operator can look at and change while the server runs, by the names of their options. */

interface Limit {
  readonly get: (settings: ServerOptions) => LimitValue
  /** `undefined`: that is no value for it. */
  readonly set: (settings: ServerOptions, value: LimitValue) => Partial<Changeable> | undefined
}

/** All limits as they are. */
export const all = (settings: ServerOptions): Readonly<Record<string, LimitValue>> =>
  Object.fromEntries(Object.entries(LIMITS).map(([name, { get }]) => [name, get(settings)]))

/** What these changes make of the settings; or the name of the first limit that is none, or cannot have that value. */
export const change = (
  settings: ServerOptions,
  wanted: Readonly<Record<string, LimitValue>>
): Partial<Changeable> | string => {
  let changed = settings
  for (const [name, value] of Object.entries(wanted)) {
    const changes = Object.hasOwn(LIMITS, name) ? LIMITS[name]!.set(changed, value) : undefined
    if (changes === undefined) return name
    changed = { ...changed, ...changes }
  }
  const { address, incoming, maxConnections, restart, sendQueue, session } = changed
  return { address, incoming, maxConnections, restart, sendQueue, session }
}

/** A whole number of at least `least`. */
const count = (
  get: (settings: ServerOptions) => number,
  set: (settings: ServerOptions, value: number) => Partial<Changeable>,
  least = 1
): Limit => ({
  get,
  set: (settings, value) => (typeof value === "number" && value >= least ? set(settings, Math.floor(value)) : undefined)
})

const rate = (
  get: (settings: ServerOptions) => Rate,
  set: (settings: ServerOptions, value: Rate) => Partial<Changeable>
): Limit => ({ get, set: (settings, value) => (typeof value === "number" ? undefined : set(settings, value)) })

type Rates = "work" | "strangerWork" | "registers" | "queries" | "lists" | "updates"
type Counts = "registerMs" | "idleMs" | "malformed"

const ofSession = (key: Rates): Limit =>
  rate(
    ({ session }) => session[key],
    ({ session }, value) => ({ session: { ...session, [key]: value } })
  )

const countOfSession = (key: Counts): Limit =>
  count(
    ({ session }) => session[key],
    ({ session }, value) => ({ session: { ...session, [key]: value } })
  )

/** Bytes: room for the largest answer. */
const LEAST_QUEUE = 32_768

const LIMITS: Readonly<Record<string, Limit>> = {
  "max-connections": count(
    ({ maxConnections }) => maxConnections,
    (_, maxConnections) => ({ maxConnections })
  ),
  "max-connections-per-address": count(
    ({ address }) => address.connections,
    ({ address }, connections) => ({ address: { ...address, connections } })
  ),
  "new-connections-per-address": count(
    ({ address }) => address.rate.burst,
    ({ address }, value) => ({ address: { ...address, rate: rateOf(value) } })
  ),
  "work-per-address": rate(
    ({ address }) => address.work,
    ({ address }, work) => ({ address: { ...address, work } })
  ),
  "register-timeout": countOfSession("registerMs"),
  "idle-timeout": countOfSession("idleMs"),
  "unreadable-lines": countOfSession("malformed"),
  "work-per-connection": ofSession("work"),
  "work-before-registering": ofSession("strangerWork"),
  registrations: ofSession("registers"),
  queries: ofSession("queries"),
  lists: ofSession("lists"),
  updates: ofSession("updates"),
  incoming: rate(
    ({ incoming }) => incoming,
    (_, incoming) => ({ incoming })
  ),
  "send-queue": count(
    ({ sendQueue }) => sendQueue,
    (_, sendQueue) => ({ sendQueue }),
    LEAST_QUEUE
  ),
  "restart-spread": count(
    ({ restart }) => restart.spreadMs,
    ({ restart }, spreadMs) => ({ restart: { ...restart, spreadMs } })
  )
}

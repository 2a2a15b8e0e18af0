import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import type { SessionDriver } from "./SessionDriver.js"

/**
 * Whom of these an operator means by a nickname, fingerprint, block of addresses, address with a port, number (`#12`)
 * or holder.
 */
export const meant = (sessions: Iterable<SessionDriver>, whom: string): ReadonlyArray<SessionDriver> => {
  const all = [...sessions]
  if (/^#[0-9]+$/.test(whom)) return all.filter(({ number }) => String(number) === whom.slice(1))
  const block = Cidr.parse(whom)
  if (block !== undefined)
    return all.filter(({ connection }) => Cidr.contains(block, Endpoint.toBytes(connection.remote)))
  const endpoint = Endpoint.parse(whom)
  if (endpoint !== undefined)
    return all.filter(({ connection }) => Endpoint.format(connection.remote) === Endpoint.format(endpoint))
  const fingerprint = Fingerprint.parse(whom)
  const key = Nickname.key(whom)
  return all.filter(({ holder, registration }) =>
    fingerprint === undefined
      ? registration?.nickname.key === key || holder?.name === whom
      : registration?.identity?.fingerprint === fingerprint
  )
}

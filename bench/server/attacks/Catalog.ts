import type { Attack } from "./Attack.js"
import { CONNECTIONS } from "./Connections.js"
import { DATAGRAMS } from "./Datagrams.js"
import { ENCRYPTED } from "./Encrypted.js"
import { HANDSHAKES } from "./Handshakes.js"
import { LINES } from "./Lines.js"
import { OPERATOR } from "./Operator.js"
import { PEOPLE } from "./People.js"
import { PROXIES } from "./Proxies.js"
import { WEB } from "./Web.js"

/** All attacks, those of one kind together. */
export const ATTACKS: ReadonlyArray<Attack> = [
  ...CONNECTIONS,
  ...LINES,
  ...PEOPLE,
  ...DATAGRAMS,
  ...ENCRYPTED,
  ...HANDSHAKES,
  ...encrypted([...CONNECTIONS, ...LINES, ...PEOPLE], "flood-one", "slow", "ping-1600", "list-unread", "watch-slow"),
  ...PROXIES,
  ...OPERATOR,
  ...WEB
]

/** The attacks of these names, on a server that encrypts. */
function encrypted(attacks: ReadonlyArray<Attack>, ...names: ReadonlyArray<string>): ReadonlyArray<Attack> {
  return attacks
    .filter(({ name }) => names.includes(name))
    .map((attack) => ({ ...attack, name: `tls-${attack.name}`, about: `${attack.about}, over TLS`, tls: true }))
}

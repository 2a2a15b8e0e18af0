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
  ...PROXIES,
  ...OPERATOR,
  ...WEB
]

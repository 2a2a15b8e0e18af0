// One load, or one side of an attack, in a process of its own: the server's work is not to be told from its clients'.
import { once } from "node:events"
import { attacker } from "./attacks/Attacker.js"
import { honest } from "./attacks/Honest.js"
import { broker } from "./loads/Broker.js"
import { idle } from "./loads/Idle.js"
import { lists } from "./loads/Lists.js"
import { nodes } from "./loads/Nodes.js"
import { presence } from "./loads/Presence.js"
import { queries } from "./loads/Queries.js"
import { registrations } from "./loads/Registrations.js"
import { datagrams, lines } from "./loads/Relay.js"
import { storm } from "./loads/Storm.js"
import type { FromLoad, Load, Order } from "./Stage.js"

const LOADS: Readonly<Record<string, Load>> = {
  registrations,
  queries,
  lists,
  idle,
  presence,
  storm,
  lines,
  datagrams,
  nodes,
  broker,
  honest,
  attacker
}

const tell = (message: FromLoad): void => {
  process.send!(message)
}
const answered = async (message: FromLoad): Promise<void> => {
  tell(message)
  await once(process, "message")
}

const [order] = (await once(process, "message")) as [Order]
const { argument, load, port, size } = order
await LOADS[load]!({
  port,
  size,
  argument,
  measured: async (name, work) => {
    await answered({ _tag: "Begin", name })
    await answered({ _tag: "End", name, count: await work() })
  },
  figure: (name, value) => tell({ _tag: "Figure", name, value }),
  call: (name) => answered({ _tag: "Call", name })
})
process.disconnect()
process.exit()

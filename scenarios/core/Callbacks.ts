import type { Kernel } from "../../src/sim/kernel/Kernel.js"
import type { Network } from "../../src/sim/network/Network.js"
import { type BoundSocket, bindSync } from "../../src/sim/network/Udp.js"
import { World } from "../../src/sim/World.js"
import { alarmOn } from "../support/Alarm.js"
import { type Action, LENGTH_MS, type Script } from "./Script.js"
import { Talker } from "./Talker.js"

/** Plays a script as plain callbacks on the kernel: no fiber, no promise, no sandbox. */
export const play = (script: Script, watch: (network: Network) => void = () => {}): ReadonlyArray<Talker> => {
  const world = new World(script.world)
  const { crypto, kernel, network } = world
  watch(network)
  const talkers = script.people.map(({ person, actions }) => {
    const host = world.host(person.name, { ipv4: person.endpoint.address })
    const { socket } = bindSync(network, host, kernel.outside, {
      family: "ipv4",
      port: person.endpoint.port,
      onDatagram: (from, data) => talker.receive(from, data),
      onIdle: () => talker.drain()
    }) as BoundSocket
    const alarm = alarmOn(kernel.outside, (now) => talker.ring(now))
    const talker = new Talker(script, person, { crypto, now: () => kernel.now / 1000, send: socket.send, alarm })
    follow(kernel, talker, actions, 0)
    return talker
  })
  kernel.drive(LENGTH_MS * 1000)
  if (kernel.failure !== undefined) throw kernel.failure
  return talkers
}

const follow = (kernel: Kernel, talker: Talker, actions: ReadonlyArray<Action>, at: number): void => {
  const action = actions[at]
  if (action === undefined) return
  kernel.after(action.pauseMs * 1000, () => {
    talker.act(action)
    follow(kernel, talker, actions, at + 1)
  })
}

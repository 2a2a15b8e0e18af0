import { type Corner, DEFAULT_LIMITS, Reflector } from "../../src/core/rendezvous/Reflector.js"
import { RegistryMachine } from "../../src/core/rendezvous/RegistryMachine.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import { PacketType } from "../../src/protocol/DataPacket.js"
import { none } from "../../src/server/Access.js"
import { Hub } from "../../src/server/Hub.js"
import { defaults, type ServerOptions } from "../../src/server/ServerOptions.js"
import type { Registry } from "../../src/services/Registry.js"
import { immediate } from "../../src/services/SignatureVerifier.js"
import type { Victim } from "../../src/sim/faults/Faults.js"
import { LocalClock } from "../../src/sim/kernel/LocalClock.js"
import type { Process } from "../../src/sim/kernel/Process.js"
import type { Host } from "../../src/sim/network/Host.js"
import { type ListeningSocket, listenSync } from "../../src/sim/network/TcpListener.js"
import { type BoundSocket, bindSync } from "../../src/sim/network/Udp.js"
import type { World } from "../../src/sim/World.js"
import { type NicknameModel, watched } from "../product/NicknameModel.js"
import { alarmOn } from "../support/Alarm.js"

export const PORT = 9090

/** The server's machine: a server runs on it unless it was made to end. */
export class ServerMachine implements Victim {
  readonly disk = new Disk()
  readonly clock: LocalClock
  tornWrites = false
  #server: BareServer | undefined
  #isServing = false
  #lives = 0

  /** Nicknames are kept in memory: each life of the server has a model of its own. */
  constructor(
    private readonly world: World,
    readonly host: Host,
    private readonly newModel: () => NicknameModel
  ) {
    this.clock = new LocalClock(world.kernel.epoch)
    world.machines.set(host.name, this)
    this.boot()
  }

  get process(): Process {
    return this.host.process
  }

  boot(): void {
    if (this.#isServing) return
    this.#isServing = true
    // One that still says goodbye makes room.
    this.#server?.kill()
    this.#server = new BareServer(this.world, this.host, this.#lives++, this.newModel(), this.clock)
  }

  crash(): void {
    this.#isServing = false
    this.#server?.crash()
  }

  kill(): void {
    this.#isServing = false
    this.#server?.kill()
  }

  stop(): void {
    this.#isServing = false
    this.#server?.stop()
  }

  drift(ppm: number): void {
    this.process.drift(ppm)
  }
}

/**
 * One life of a server as plain callbacks on a simulated machine: the server's own hub, registry and reflector, without
 * fibers.
 */
export class BareServer {
  readonly #process: Process
  readonly #hub: Hub
  readonly #listening: ListeningSocket

  constructor(
    private readonly world: World,
    private readonly host: Host,
    life: number,
    model: NicknameModel,
    clock: LocalClock
  ) {
    const { crypto, kernel, network } = world
    const process = kernel.process(`server+${life}`, clock)
    this.#process = process
    host.process = process
    host.powered = true
    const settings: ServerOptions = {
      ...defaults,
      port: PORT,
      names: [host.name],
      restart: { inMs: 0, spreadMs: 1_000 }
    }
    const entropy = process.rng.fork("entropy")
    const bytes = (length: number) => entropy.fill(new Uint8Array(length))
    const time = { monotonic: () => kernel.now / 1000, wall: () => process.clock.wall(kernel.now) / 1000 }
    const registry = registryOn(process, settings, bytes, (event) => hub.handleEvent(event))
    const hub: Hub = new Hub(settings, {
      registry: watched(model, registry),
      crypto,
      verifier: immediate(crypto),
      entropy: { bytes },
      time,
      access: none(),
      later: (run) => process.after(0, run),
      log: () => {},
      onDeadline: () => alarm(hub.pollTimeout())
    })
    const alarm = alarmOn(process, (now) => {
      hub.handleTimeout(now)
      alarm(hub.pollTimeout())
    })
    this.#hub = hub
    hub.reflector = this.#reflect(settings, time.monotonic)
    this.#listening = listenSync(network, host, process, { port: PORT }, (connection) =>
      hub.accept(connection)
    ) as ListeningSocket
  }

  /** Loses power: nobody is told. */
  crash(): void {
    if (this.#process.state === "dead") return
    this.#process.kill()
    this.host.forgetSockets()
  }

  /** The process is gone; its system closes the sockets. */
  kill(): void {
    if (this.#process.state === "dead") return
    this.#process.kill()
    this.host.closeSockets()
  }

  /** Says goodbye to everybody, and is gone when all have heard it or half a second has passed. */
  stop(): void {
    this.#hub.close()
    this.#listening.close(() => this.kill())
  }

  #reflect({ software }: ServerOptions, now: () => number): NonNullable<Hub["reflector"]> {
    const ports = [PORT, PORT + 1] as const
    const sites = { ipv4: { ports, addresses: [] }, ipv6: undefined }
    const machine = new Reflector({ sites, software, limits: DEFAULT_LIMITS }, now())
    const sockets = ports.map((port, index) => {
      const corner: Corner = { address: 0, port: index === 0 ? 0 : 1 }
      const bound = bindSync(this.world.network, this.host, this.#process, {
        family: "ipv4",
        port,
        onDatagram: (from, data) => {
          if (data[0] === PacketType.relay && index === 0) return this.#hub.relayDatagram(from, corner, data)
          const reply = machine.handleDatagram(corner, from, data, now())
          if (reply !== undefined) send(reply.from, from, reply.data)
        }
      })
      return (bound as BoundSocket).socket
    })
    const send: NonNullable<Hub["reflector"]>["send"] = ({ port }, to, data) => sockets[port]!.send(to, data)
    return { ports, local: sockets.map(({ local }) => local), stats: () => machine.stats, send }
  }
}

/** A registry in memory that answers at once, as the server's own does. */
const registryOn = (
  process: Process,
  limits: ConstructorParameters<typeof RegistryMachine>[0],
  bytes: (length: number) => Uint8Array,
  handle: Hub["handleEvent"]
): typeof Registry.Service => {
  const machine = new RegistryMachine(limits)
  const { kernel } = process
  const drain = () => {
    for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) handle(event)
    alarm(machine.pollTimeout())
  }
  const alarm = alarmOn(process, (now) => {
    machine.handleTimeout(now)
    drain()
  })
  return {
    claim: (claim, done) => {
      const result = machine.claim(claim, Bytes.toBase64Url(bytes(16)), process.clock.wall(kernel.now) / 1000)
      drain()
      done("_tag" in result ? { _tag: "Refused", refusal: result } : { _tag: "Claimed", registration: result })
    },
    release: (session, hold) => {
      machine.release(session, hold, kernel.now / 1000)
      drain()
    },
    update: (session, endpoints) => {
      machine.update(session, endpoints)
      drain()
    },
    find: (key, done) => {
      const registration = machine.find(key)
      done(registration === undefined ? { _tag: "Nobody" } : { _tag: "Found", registration })
    },
    subscribe: () => {
      throw new Error("the hub is told directly")
    },
    forget: (_, done) => done(false),
    knows: () => false,
    names: () => machine.names,
    reachable: () => true
  }
}

import { expect } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import type { ServerOptions } from "../../src/server/ServerOptions.js"
import { World } from "../core/client/World.js"

/** A server as callbacks on a virtual clock, and connections to it from as many addresses as one likes. */
export class Place {
  readonly world = new World(1)

  constructor(settings: Partial<ServerOptions> = {}) {
    this.world.startServer(settings)
  }

  get server() {
    return this.world.server!
  }

  get hub() {
    return this.server.hub
  }

  connect(number: number, address = `203.${number >> 16}.${(number >> 8) & 255}.${number & 255}`) {
    const said: Array<string> = []
    const fate: { ending?: number | undefined; destroyed?: true; paused?: true } = {}
    const handler = this.hub.accept({
      local: Endpoint.parse("192.0.2.1:9090")!,
      remote: Endpoint.make(address, 40_000)!,
      queued: () => 0,
      pause: () => {
        fate.paused = true
      },
      resume: () => {
        delete fate.paused
      },
      send: (data) => said.push(...Buffer.from(data).toString().split("\n").slice(0, -1)) > 0,
      end: (within) => {
        fate.ending = within
      },
      destroy: () => {
        fate.destroyed = true
      }
    })
    this.server.arm()
    const say = (...requests: ReadonlyArray<object>): void => {
      for (const request of requests) handler.onData(Buffer.from(`${JSON.stringify(request)}\n`))
      this.server.arm()
    }
    const piece = (text: string): void => {
      handler.onData(Buffer.from(text))
      this.server.arm()
    }
    const tags = () => said.map((line) => JSON.parse(line)._tag as string)
    const greet = (goOn: () => void) => handler.onHello?.(goOn)
    const finish = () => handler.onEnd?.()
    return { fate, said, say, piece, tags, greet, finish, leave: () => handler.onClose("reset") }
  }

  register(number: number, nick = `n-${number}`) {
    const client = this.connect(number)
    client.say({ _tag: "Register", id: 1, nick })
    // Where many come in one moment, some wait for their turn.
    this.world.pass(1)
    expect(client.tags()).toEqual(["Welcome", "Registered"])
    return client
  }
}

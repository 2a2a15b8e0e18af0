import { once } from "node:events"
import { Client } from "../Client.js"
import { attackAddress } from "../Namespace.js"
import { proxyHeader, SIGNATURE } from "../ProxyHeader.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import { dial } from "./Encrypted.js"

/** Out of the blocks of addresses that a server takes for proxies, as honest people come, too. */
export const PROXIES: ReadonlyArray<Attack> = [
  attack("proxy-silent", "connections that say nothing, ever new addresses", (field) =>
    field.again(256, attackAddress, async (from) => {
      const socket = await dial(field, from)
      void once(socket, "close").catch(() => [])
      await wait(1)
    })
  ),
  attack("proxy-half", "half of a header, ever new addresses", (field) =>
    field.again(256, attackAddress, async (from) => {
      const socket = await dial(field, from)
      socket.write(SIGNATURE)
      await wait(1)
    })
  ),
  attack("proxy-drip", "headers of 2 KB a byte at a time, 2,000 connections of 200 addresses", async (field) => {
    const header = proxyHeader("192.0.2.1", Buffer.alloc(2_000))
    const sockets = await Promise.all(
      Array.from({ length: 2_000 }, (_, index) => dial(field, attackAddress(Math.floor(index / 10))))
    )
    for (let at = 0; at < header.length && !field.over; at++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write(header.subarray(at, at + 1))
      await wait(10)
    }
    await field.rest()
  }),
  attack("proxy-large", "headers of 64 KB, and of 2 KB with 64 KB of lines behind them, ever new addresses", (field) =>
    field.again(64, attackAddress, async (from, index) => {
      const socket = await dial(field, from)
      const header = proxyHeader(from, Buffer.alloc(index % 2 === 0 ? 65_000 : 2_000))
      socket.write(index % 2 === 0 ? header : Buffer.concat([header, Buffer.alloc(65_536, "[\n")]))
      await Promise.race([once(socket, "close").catch(() => []), wait(500)])
      socket.destroy()
    })
  ),
  attack(
    "proxy-lie",
    "500 connections that say they come from 127.0.0.1, and Ping as fast as they can",
    async (field) => {
      const opened = Array.from({ length: 500 }, (_, index) =>
        Client.open({
          port: field.port,
          host: field.host,
          from: attackAddress(Math.floor(index / 16)),
          first: proxyHeader("127.0.0.1")
        })
      )
      const clients = (await Promise.all(opened)).filter((client) => client !== undefined)
      await Promise.all(clients.map((client, index) => Promise.race([client.register(`l${index}`), wait(3_000)])))
      await field.send(clients, 2_000, Buffer.from('{"_tag":"Ping","id":1}\n'))
    }
  ),
  attack("proxy-names", "register and reset, ever new addresses in the headers of one proxy", (field) =>
    field.again(96, attackAddress, async (from, index) => {
      const { host, port } = field
      const opened = Client.open({ port, host, from: attackAddress(1), first: proxyHeader(from) })
      const client = await Promise.race([opened, wait(3_000)])
      await client?.register(`n${index}`)
      client?.socket.resetAndDestroy()
    })
  )
]

function attack(name: string, about: string, run: Attack["run"]): Attack {
  return { name, about, args: ["--proxies", "10.0.0.0/8"], proxied: true, quick: true, run }
}

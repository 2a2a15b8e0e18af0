import { connect } from "node:net"
import { attackAddress, attackAddress6 } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

/** Connections: many, short, slow, silent, and those that are not closed. */
export const CONNECTIONS: ReadonlyArray<Attack> = [
  { name: "nothing", about: "nobody attacks: the noise of this machine", quick: true, run: (field) => field.rest() },
  {
    name: "flood-one",
    about: "connections of one address, as fast as it goes",
    quick: true,
    run: (field) =>
      field.again(
        64,
        () => attackAddress(1),
        (from) => brief(field, from)
      )
  },
  {
    name: "churn",
    about: "connect and close, ever new addresses",
    quick: true,
    run: (field) => field.again(64, attackAddress, (from) => brief(field, from))
  },
  {
    name: "churn-reset",
    about: "connect and reset, ever new addresses",
    run: (field) => field.again(64, attackAddress, (from) => reset(field, from))
  },
  {
    name: "churn-names",
    about: "register and reset, ever new addresses",
    run: (field) => field.again(64, attackAddress, (from, index) => name(field, from, `c${index}`))
  },
  {
    name: "churn-exit",
    about: "register and Exit, ever new addresses",
    run: (field) =>
      field.again(64, attackAddress, async (from, index) => {
        const client = await field.open(from)
        await client?.register(`e${index}`)
        await client?.request("Exit")
        client?.socket.destroy()
      })
  },
  {
    name: "fill-silent",
    about: "silent connections of 5,000 addresses until the server is full",
    quick: true,
    run: async (field) => {
      await field.connect(12_000, { each: 2 })
      await field.rest()
    }
  },
  {
    name: "fill-registered",
    about: "10,000 registered connections of 2,500 addresses",
    prepare: (field) => field.connect(11_000, { each: 4, name: (index) => `f${index}` }),
    run: (field) => field.rest()
  },
  {
    name: "fill-48",
    about: "one IPv6 /48: 16 registered connections of each /64 until the server is full",
    quick: true,
    prepare: (field) => field.connect(11_000, { address: attackAddress6, name: (index) => `f${index}` }),
    run: (field) => field.rest()
  },
  {
    name: "fill-40",
    about: "256 IPv6 /48s: the same, a /64 of each",
    prepare: (field) =>
      field.connect(11_000, {
        address: (index) => attackAddress6(index >> 8, index & 0xff),
        name: (index) => `f${index}`
      }),
    run: (field) => field.rest()
  },
  {
    name: "gate-48",
    about: "one IPv6 /48: connect and reset from each /64 in turn",
    run: (field) => field.again(96, attackAddress6, (from) => reset(field, from))
  },
  {
    name: "names-48",
    about: "one IPv6 /48: register and reset from each /64 in turn, to hold all names there are room for",
    quick: true,
    run: (field) => field.again(96, attackAddress6, (from, index) => name(field, from, `n${index}`))
  },
  {
    name: "names-one",
    about: "one address registers as many names as it can",
    run: (field) =>
      field.again(
        16,
        () => attackAddress(1),
        (from, index) => name(field, from, `n${index}`)
      )
  },
  {
    name: "linger",
    about: "4,096 open files; one address never closes what was refused",
    files: 4_096,
    quick: true,
    run: (field) =>
      field.again(
        256,
        () => attackAddress(1),
        async (from) => {
          // The end of the server is not answered.
          const socket = connect({ port: field.port, host: field.host, localAddress: from, allowHalfOpen: true })
          socket.on("error", () => {})
          socket.resume()
          await wait(20)
          lingering.push(socket)
          if (lingering.length > 15_000) lingering.shift()!.destroy()
        }
      )
  },
  {
    name: "files-256",
    about: "256 open files; 400 silent connections of 400 addresses",
    files: 256,
    prepare: (field) => field.connect(400, { each: 1 }),
    run: async (field) => {
      while (!field.over) {
        await field.connect(400 - field.clients.filter(({ closed }) => !closed).length, { each: 1 })
        await wait(100)
      }
    }
  },
  {
    name: "slow",
    about: "2,000 connections of 200 addresses, a byte a second each",
    run: async (field) => field.send(await field.connect(2_000, { each: 10 }), 1, Buffer.from("{"))
  },
  {
    name: "office",
    about: "200 connections an address allowed: 100 people of one office come one after the other",
    args: ["--max-connections-per-address", "200"],
    run: async (field) => {
      for (let index = 0; index < 100; index++) {
        void field.connect(1, { address: () => attackAddress(1), name: () => `office-${index}` })
        await wait(field.ms / 150)
      }
      await wait(field.left - 300)
      if (field.clients.length < 100) console.error(`office: ${field.clients.length} of 100 were let in`)
      await field.rest()
    }
  }
]

const lingering: Array<ReturnType<typeof connect>> = []

const brief = async (field: Field, from: string): Promise<void> => {
  const client = await field.open(from)
  client?.socket.destroy()
  if (client === undefined) await wait(1)
}

const reset = (field: Field, from: string): Promise<void> =>
  new Promise((resolve) => {
    const host = from.includes(":") ? "2001:db8::1" : field.host
    const socket = connect({ port: field.port, host, localAddress: from }, () => socket.resetAndDestroy())
    socket.on("error", () => {})
    socket.on("close", () => resolve())
  })

const name = async (field: Field, from: string, nick: string): Promise<void> => {
  const client = await field.open(from)
  await client?.register(nick)
  client?.socket.resetAndDestroy()
  if (client === undefined) await wait(1)
}

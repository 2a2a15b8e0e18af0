import type { Client } from "../Client.js"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"
import type { Attack } from "./Attack.js"
import type { Field } from "./Field.js"

/** What is aimed at other people, at their names, at the list and at the presence. */
export const PEOPLE: ReadonlyArray<Attack> = [
  {
    name: "suggest-112",
    about: "112 sessions of 7 addresses ask for one wide name that is taken with all its neighbours",
    quick: true,
    prepare: (field) => squat(field, 112, "漢".repeat(15)),
    run: (field) => field.send(field.clients, 5, Buffer.from(register("漢".repeat(15))))
  },
  {
    name: "suggest-ascii",
    about: "the same with 32 letters, 160 sessions of 10 addresses, as fast as they may",
    prepare: (field) => squat(field, 160, "m".repeat(32)),
    run: (field) => field.send(field.clients, 200, Buffer.from(register("m".repeat(32))))
  },
  {
    name: "list-160",
    about: "List, 10 addresses, 2,000 names there",
    prepare: (field) => inhabit(field, 2_000, 160),
    run: (field) => field.send(field.clients.slice(0, 160), 50, Buffer.from('{"_tag":"List","id":1,"limit":1000}\n'))
  },
  {
    name: "list-match",
    about: "List with a match that finds nobody, 10 addresses, 8,000 names there",
    quick: true,
    prepare: (field) => inhabit(field, 8_000, 160),
    run: (field) => field.send(field.clients.slice(0, 160), 50, Buffer.from('{"_tag":"List","id":1,"match":"zq"}\n'))
  },
  {
    name: "list-unread",
    about: "1,000 connections ask for the list and never read, 2,000 names there",
    prepare: (field) => inhabit(field, 2_000, 1_000),
    run: async (field) => {
      for (const client of field.clients.slice(0, 1_000)) {
        client.socket.pause()
        client.tell('{"_tag":"List","id":1,"limit":1000}\n'.repeat(80))
      }
      await field.rest()
    }
  },
  {
    name: "incoming",
    about: "160 sessions of 10 addresses all ask for alice",
    prepare: (field) => field.connect(160, { name: (index) => `a${index}` }),
    run: (field) => field.send(field.clients, 2, Buffer.from('{"_tag":"Query","id":1,"nick":"alice"}\n'))
  },
  {
    name: "evict",
    about: "1,100 sessions of 69 addresses ask once for alice, who talks with bob over the relay",
    quick: true,
    prepare: (field) => field.connect(1_100, { name: (index) => `a${index}` }),
    run: async (field) => {
      for (const client of field.clients) client.tell('{"_tag":"Query","id":1,"nick":"alice"}\n')
      await field.rest()
    }
  },
  {
    name: "kick",
    about: "64 sessions of 4 addresses with long endpoints ask for those who are here, 10 times each",
    prepare: async (field) => {
      const clients = await field.connect(64, { name: (index) => `a${index}` })
      const endpoint = '"[2001:db8:1111:2222:3333:4444:5555:6666]:65535"'
      for (const client of clients) {
        await client.request("Update", `"endpoints":[${Array.from({ length: 8 }, () => endpoint).join(",")}]`)
      }
    },
    run: async (field) => {
      for (const client of field.clients) client.tell('{"_tag":"Query","id":1,"nick":"honest-1"}\n'.repeat(10))
      await field.rest()
    }
  },
  {
    name: "watch-churn",
    about: "1,000 watchers of 63 addresses, and people who come and go from ever new addresses",
    quick: true,
    prepare: (field) => watchers(field, 1_000),
    run: (field) => comeAndGo(field)
  },
  {
    name: "watch-join",
    about: "3,000 watchers of 188 addresses come at once",
    quick: true,
    run: async (field) => {
      await watchers(field, 3_000)
      await field.rest()
    }
  },
  {
    name: "watch-fill",
    about: "2,800 sessions of 175 addresses watch as many nicknames as they may",
    quick: true,
    prepare: (field) => field.connect(2_800, { name: (index) => `w${index}` }),
    run: async (field) => {
      for (const [index, client] of field.clients.entries()) watchMany(client, `w${index}-`)
      await field.rest()
    }
  },
  {
    name: "watch-popular",
    about: "2,800 sessions of 175 addresses watch the same nicknames, under which others come and go",
    quick: true,
    prepare: async (field) => {
      await field.connect(2_800, { name: (index) => `w${index}` })
      for (const client of field.clients) watchMany(client, "star-")
    },
    run: (field) => comeAndGo(field, (index) => `star-${index % 128}`)
  },
  {
    name: "watch-unread",
    about: "500 watchers never read, and people come and go",
    prepare: async (field) => {
      await watchers(field, 500)
      for (const client of field.clients) client.socket.pause()
    },
    run: (field) => comeAndGo(field)
  },
  {
    name: "list-slow",
    about: "1,000 connections ask for the list and read once a second, 2,000 names there",
    prepare: (field) => inhabit(field, 2_000, 1_000),
    run: async (field) => {
      const slow = field.clients.slice(0, 1_000)
      for (const client of slow) client.tell('{"_tag":"List","id":1,"limit":1000}\n'.repeat(80))
      await readSlowly(field, slow)
    }
  },
  {
    name: "watch-slow",
    about: "500 watchers read once a second, and people come and go",
    prepare: (field) => watchers(field, 500),
    run: async (field) => {
      await Promise.all([readSlowly(field, field.clients.slice()), comeAndGo(field)])
    }
  },
  {
    name: "leave-at-once",
    about: "1,600 sessions of 100 addresses that have asked for 10 others each leave at the same moment",
    prepare: async (field) => {
      await field.connect(1_600, { name: (index) => `a${index}` })
      for (const [index, client] of field.clients.entries()) {
        const lines = Array.from({ length: 10 }, (_, at) => `"nick":"a${(index + 1 + at * 97) % 1_600}"`)
        await client.requests(lines.map((fields) => ["Query", fields] as const))
      }
    },
    run: async (field) => {
      for (const { socket } of field.clients) socket.destroy()
      await field.rest()
    }
  }
]

const register = (nick: string): string => `{"_tag":"Register","id":1,"nick":"${nick}"}\n`

/** Sessions that hold a name and those next to it. */
const squat = async (field: Field, size: number, nick: string): Promise<void> => {
  const suffixes = ["", "2", "_", "3", ...Array.from({ length: 200 }, (_, index) => String(index + 4))]
  const cut = (suffix: string) =>
    nick.slice(0, nick.length - (nick.charCodeAt(0) > 255 ? Math.ceil(suffix.length / 2) : suffix.length))
  await field.connect(size, { name: (index) => `${cut(suffixes[index]!)}${suffixes[index]}` })
}

/** So many names, the first of them with connections of an address as many as are allowed. */
const inhabit = async (field: Field, names: number, attackers: number): Promise<void> => {
  await field.connect(attackers, { name: (index) => `a${index}` })
  await field.connect(names - attackers, {
    address: (index) => attackAddress(1_000 + index),
    name: (index) => `i${index}`
  })
}

const watchers = async (field: Field, size: number): Promise<void> => {
  const clients: ReadonlyArray<Client> = await field.connect(size, { name: (index) => `w${index}` })
  await Promise.all(clients.map((client) => Promise.race([client.request("Watch"), wait(5_000)])))
}

/** In as many requests as it takes. */
const watchMany = (client: Client, prefix: string): void => {
  for (let from = 0; from < 128; from += 16) {
    const nicks = Array.from({ length: 16 }, (_, index) => `"${prefix}${from + index}"`)
    client.tell(client.line("Watch", `"nicks":[${nicks.join(",")}]`))
  }
}

/** Each takes what one read of the socket gives, and then nothing for a while. */
const readSlowly = async (field: Field, clients: ReadonlyArray<Client>): Promise<void> => {
  for (const { socket } of clients) socket.on("data", () => socket.pause())
  while (!field.over) {
    await wait(1_000)
    for (const { socket } of clients) socket.resume()
  }
}

/** Thirty-two people at a time register and leave again, each from an address that nobody had before. */
const comeAndGo = (field: Field, nick = (index: number) => `g${index}`): Promise<unknown> =>
  field.again(
    32,
    (index) => attackAddress(5_000 + index),
    async (from, index) => {
      const client = await field.open(from)
      await client?.register(nick(index))
      await client?.request("Exit")
      client?.socket.destroy()
    }
  )

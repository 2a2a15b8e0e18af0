import { person, proving } from "../loads/Person.js"
import { attackAddress, attackAddress6 } from "../Namespace.js"
import type { Attack } from "./Attack.js"
import type { Field, Line } from "./Field.js"

/** Requests that cost the server more than they cost their sender; each connection at the rate that it may have. */
export const LINES: ReadonlyArray<Attack> = [
  ...flood("nested-1", "16 KiB of [[[[ a line, 4 connections of one address", 4, nested("[", "]"), { quick: true }),
  ...flood("nested-16", "the same, 16 connections of one address", 16, nested("[", "]")),
  ...flood("nested-160", "16 KiB of nested objects, 10 addresses", 160, nested('{"a":', "}", "1")),
  ...flood("nested-4k", "4 KB of [[[[, 160 addresses of one connection each", 160, nested("[", "]", "", 4_000), {
    each: 1
  }),
  ...flood("unknown-keys", "1,500 unknown keys a line, 10 addresses", 160, line(keys((index) => `k${index}`))),
  ...flood("same-keys", "one key 1,500 times a line, 10 addresses", 160, line(keys(() => "k"))),
  ...flood("long-number", "numbers of 15,000 digits, 10 addresses", 160, line(`"x":${"9".repeat(15_000)}`)),
  ...flood("escapes", "16 KB of escaped letters in a nickname, 10 addresses", 160, query("\\u0061".repeat(2_600))),
  ...flood("long-ping", "16 KB Pings, 10 addresses", 160, line(`"x":"${"a".repeat(16_000)}"`)),
  ...flood("empty", "16 KB of empty lines, one address", 16, Buffer.alloc(16_384, "\n")),
  ...flood("unknown-tag", "requests that nobody knows, 10 addresses", 160, line("", "Nonsense")),
  ...flood("ping-16", "Pings, one address", 16, line(), { burst: 200 }),
  ...flood("ping-1600", "Pings, 100 addresses", 1_600, line(), { quick: true }),
  ...flood("update-160", "Updates, 10 addresses", 160, line('"endpoints":["192.0.2.1:1"]', "Update"), { quick: true }),
  ...flood("update-8", "Updates of 8 long endpoints, 10 addresses", 160, line(endpoints(), "Update")),
  ...flood(
    "watch-160",
    "Watch and Unwatch, 10 addresses",
    160,
    (client) => `{"_tag":"${client % 2 === 0 ? "Watch" : "Unwatch"}","id":1}\n`
  ),
  ...flood("watch-nicks", "Watch of 1,000 names, 10 addresses", 160, line(`"nicks":[${names(1_000)}]`, "Watch")),
  ...flood(
    "nfkc-160",
    "Query of U+FDFA 250 times, which NFKC makes 18 times as long, 10 addresses",
    160,
    query("\ufdfa".repeat(250)),
    { quick: true }
  ),
  ...flood(
    "marks-160",
    "Query of 250 combining marks in the wrong order, 10 addresses",
    160,
    query(`a${"\u0315\u0300".repeat(127)}`)
  ),
  ...flood(
    "query-1600",
    "Queries at others, 100 addresses",
    1_600,
    (client) => `{"_tag":"Query","id":1,"nick":"a${(client * 7 + ++asked) % 1_600}"}\n`,
    { quick: true, rate: 50 }
  ),
  ...flood(
    "query-none",
    "Queries of names that nobody has, 10 addresses",
    160,
    () => `{"_tag":"Query","id":1,"nick":"nobody${++asked}"}\n`
  ),
  ...flood(
    "relay-160",
    "Relay lines of channels that nobody has, 10 addresses",
    160,
    Buffer.from(`{"_tag":"Relay","channel":"AAAAAAAAAAA","packet":"${"A".repeat(1_500)}"}\n`)
  ),
  ...flood(
    "register-1600",
    "Register with ever other names, 100 addresses",
    1_600,
    (client) => `{"_tag":"Register","id":1,"nick":"r${client}x${++asked}"}\n`,
    { quick: true }
  ),
  ...flood("bad-proof", "Register with a forged proof, 100 addresses", 1_600, forged(), { quick: true }),
  {
    name: "proof-new",
    about: "Register with a proof for another connection, ever new addresses",
    quick: true,
    run: (field) => {
      const bytes = forged()
      return field.again(64, attackAddress, (from) => claim(field, from, bytes))
    }
  },
  {
    name: "proof-6",
    about: "the same, ever new /64s of 256 IPv6 /48s, three proofs each",
    run: (field) => {
      const bytes = Buffer.concat([forged(), forged(), forged()])
      const address = (index: number) => attackAddress6(index >> 8, index & 0xff)
      return field.again(64, address, (from) => claim(field, from, bytes))
    }
  },
  ...flood(
    "token-guess",
    "Register with a token of 256 bytes where none is asked for, 10 addresses",
    160,
    line(`"nick":"t","token":"${"t".repeat(256)}"`, "Register")
  ),
  {
    name: "nested-unregistered",
    about: "16 KiB of [[[[ before Register, 8 connections of one address, again and again",
    quick: true,
    run: async (field) => {
      while (!field.over) {
        const clients = await field.connect(8)
        await Promise.race([field.send(clients, 200, nested("[", "]")), field.rest()])
      }
    }
  },
  {
    name: "bad-text",
    about: "16 KB that are no UTF-8, then NUL, again from ever new addresses",
    run: (field) =>
      field.again(64, attackAddress, async (from, index) => {
        const client = await field.open(from)
        const bytes = Buffer.alloc(16_000, index % 2 === 0 ? 0xff : 0)
        bytes[bytes.length - 1] = 10
        client?.tell(bytes)
        await client?.end()
      })
  },
  {
    name: "endless-line",
    about: "1 MiB without an end, 8 connections of one address, again and again",
    run: (field) =>
      field.again(
        8,
        () => attackAddress(1),
        async (from) => {
          const client = await field.open(from)
          client?.tell(Buffer.alloc(1 << 20, "a"))
          await client?.end()
          if (client === undefined) await pause()
        }
      )
  },
  {
    name: "trickle",
    about: "a byte at a time, 100 a second, 320 connections of 20 addresses",
    run: async (field) => field.send(await field.connect(320), 100, Buffer.from("a"))
  },
  {
    name: "drip",
    about: "a byte a second of one request, 1,600 registered connections of 100 addresses",
    prepare: (field) => field.connect(1_600, { name: (index) => `d${index}` }),
    run: (field) => field.send(field.clients, 1, Buffer.from(" "))
  },
  {
    name: "pipelined",
    about: "100,000 Pings in one write",
    run: async (field) => {
      const [client] = await field.connect(1, { name: () => "pipeliner" })
      client?.socket.removeAllListeners("data").resume()
      client?.tell(Buffer.from('{"_tag":"Ping","id":1}\n'.repeat(100_000)))
      await field.rest()
    }
  }
]

let asked = 0

/** An attack of registered sessions that all send the same kind of line. */
function flood(
  name: string,
  about: string,
  connections: number,
  what: Line,
  options: { readonly quick?: true; readonly rate?: number; readonly each?: number; readonly burst?: number } = {}
): ReadonlyArray<Attack> {
  const { each = 16, quick, rate = 200 } = options
  return [
    {
      name,
      about,
      ...(quick === undefined ? {} : { quick }),
      prepare: (field) => field.connect(connections, { each, name: (index) => `a${index}` }),
      run: (field) => field.send(field.clients, rate, what)
    }
  ]
}

function line(fields = "", tag = "Ping"): Buffer {
  return Buffer.from(`{"_tag":"${tag}","id":1${fields === "" ? "" : `,${fields}`}}\n`)
}

function query(nick: string): Buffer {
  return line(`"nick":"${nick}"`, "Query")
}

/** As deep as a line of this length can be. */
function nested(open: string, close: string, inside = "", bytes = 16_300): Buffer {
  const depth = Math.floor((bytes - 40) / (open.length + close.length))
  return line(`"x":${open.repeat(depth)}${inside}${close.repeat(depth)}`)
}

function keys(name: (index: number) => string): string {
  return Array.from({ length: 1_500 }, (_, index) => `"${name(index)}":1`).join(",")
}

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `"w${index}"`).join(",")
}

function endpoints(): string {
  return `"endpoints":[${Array.from({ length: 8 }, () => `"[2001:db8:1111:2222:3333:4444:5555:6666]:65535"`).join(",")}]`
}

/** Whole, and of this nickname, but for another connection: what is wrong shows when signatures are verified. */
function forged(): Buffer {
  const elsewhere = JSON.stringify({ challenge: Buffer.alloc(32, 1).toString("base64url") })
  return line(`"nick":"forger"${proving(person("forger"), elsewhere)}`, "Register")
}

const claim = async (field: Field, from: string, bytes: Buffer): Promise<void> => {
  const client = await field.open(from)
  client?.tell(bytes)
  // The first reply is to the proof.
  if (client === undefined) await pause()
  else await client.request("Ping")
  client?.socket.destroy()
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

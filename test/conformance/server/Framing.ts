import { type Check, equal, must, pause } from "../Check.js"
import { freshNick } from "../Person.js"
import { Session, type Target } from "./Session.js"

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels)

/** Lines, ids and what is not known. */
export const framing: ReadonlyArray<Check<Target>> = [
  {
    rule: "1.1-1",
    says: "reads lines that end with CR LF, and passes over empty ones",
    run: async (target) => {
      const session = await Session.open(target)
      session.sendRaw('\r\n\n{"_tag":"Ping","id":1}\r\n')
      equal((await session.next("Pong")).id, 1, "the id of Pong")
    }
  },
  {
    rule: "1.1-2",
    says: "splits lines before it decodes UTF-8, wherever the bytes are cut",
    run: async (target) => {
      const session = await Session.open(target)
      const nick = `${freshNick()}日é`
      const bytes = new TextEncoder().encode(`${JSON.stringify({ _tag: "Register", id: 1, nick })}\n`)
      for (const byte of bytes) {
        session.sendRaw(Uint8Array.of(byte))
        await pause(1)
      }
      equal((await session.next("Registered")).nick, nick, "the nickname")
    }
  },
  {
    rule: "1.1-3",
    says: "takes a line as long as it says, and refuses a longer one with TooLarge and its end",
    run: async (target) => {
      const session = await Session.open(target)
      const { line } = session.welcome.limits as { readonly line: number }
      const frame = JSON.stringify({ _tag: "Ping", id: 1, "x-fill": "" }).length
      session.send({ _tag: "Ping", id: 1, "x-fill": "x".repeat(line - frame) })
      await session.next("Pong")
      session.send({ _tag: "Ping", id: 2, "x-fill": "x".repeat(line - frame + 1) })
      await session.next("TooLarge")
      await session.closed("the connection stayed open after a line that is too long")
    }
  },
  {
    rule: "1.1-3",
    says: "does not wait for the end of a line that is too long already",
    run: async (target) => {
      const session = await Session.open(target)
      session.sendRaw("x".repeat(70_000))
      await session.closed("70,000 bytes without a line end were kept")
    }
  },
  {
    rule: "1.1-5",
    says: "ignores keys that it does not know",
    run: async (target) => {
      const session = await Session.anonymous(target, { "x-grease": { a: [1] }, later: true })
      equal((await session.ask({ _tag: "Ping", later: null }))._tag, "Pong", "the answer")
    }
  },
  {
    rule: "1.1-6",
    says: "refuses what nests deeper than four",
    run: async (target) => {
      const session = await Session.open(target)
      session.sendRaw(`{"_tag":"Ping","id":1,"x":${deep(3)}}\n`)
      await session.next("Pong")
      session.sendRaw(`{"_tag":"Ping","id":2,"x":${deep(500)}}\n`)
      await session.next("Malformed")
    }
  },
  {
    rule: "1.1-7",
    says: "answers what it cannot read with Malformed, with the id where there is one, and ends with the fifth",
    also: ["1.1-4"],
    run: async (target) => {
      const session = await Session.open(target)
      session.sendRaw('{"_tag":"Query","id":7}\n')
      equal((await session.next("Malformed")).id, 7, "the id of Malformed")
      for (const line of ["not json", "[]", '"text"']) {
        session.sendRaw(`${line}\n`)
        must(!("id" in (await session.next("Malformed"))), "Malformed has an id that nobody gave")
      }
      session.sendRaw(Uint8Array.of(0xff, 0x0a))
      await session.next("Malformed")
      await session.closed("the connection stayed open after five lines that cannot be read")
    }
  },
  {
    rule: "1.1-8",
    says: "answers a request that it does not know with Unsupported, and goes on",
    also: ["5-4"],
    run: async (target) => {
      const session = await Session.anonymous(target)
      for (const _tag of ["Dance", "toString", "__proto__", ""])
        equal((await session.ask({ _tag }))._tag, "Unsupported", `the answer to ${JSON.stringify(_tag)}`)
      equal((await session.ask({ _tag: "Ping" }))._tag, "Pong", "the answer to Ping")
    }
  },
  {
    rule: "1.1-10",
    says: "gives ids back as they are, from 0 to 2^53 - 1, and takes no others",
    run: async (target) => {
      const session = await Session.open(target)
      for (const id of [0, Number.MAX_SAFE_INTEGER]) {
        session.send({ _tag: "Ping", id })
        equal((await session.next("Pong")).id, id, "the id of Pong")
      }
      for (const id of [-1, 1.5, "1"]) {
        session.send({ _tag: "Ping", id })
        await session.next("Malformed")
      }
    }
  },
  {
    rule: "1.1-11",
    says: "answers requests that were sent together in their order",
    run: async (target) => {
      const session = await Session.anonymous(target)
      const tags = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? "List" : i % 3 === 1 ? "Ping" : "Dance"))
      session.send(...tags.map((_tag, id) => ({ _tag, id, limit: 1 })))
      for (const id of tags.keys()) equal((await session.inbox.take()).id, id, "the id of the next answer")
    }
  }
]

import { randomBytes } from "node:crypto"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { type Check, equal, must } from "../Check.js"
import { freshNick, person, renamed } from "../Person.js"
import { Session, type Target } from "./Session.js"

const register = (session: Session, nick: string, more: object = {}) => session.ask({ _tag: "Register", nick, ...more })

const taken = async (target: Target, held: string, wanted: string): Promise<void> => {
  const owner = await Session.open(target)
  equal((await register(owner, held))._tag, "Registered", `the answer to ${held}`)
  const other = await Session.open(target)
  const reply = await register(other, wanted)
  equal(reply._tag, "NickTaken", `with ${held} in use, the answer to ${wanted}`)
  const [suggested] = reply.suggestions as ReadonlyArray<string>
  if (suggested !== undefined)
    equal((await register(other, suggested))._tag, "Registered", `the answer to ${suggested}, which was suggested`)
}

/** Greeting, nicknames, leases, identities. */
export const registering: ReadonlyArray<Check<Target>> = [
  {
    rule: "1.2-1",
    says: "greets first, with all that a client needs",
    also: ["1.2-2", "1.2-4", "1.2-6", "5-1"],
    run: async (target) => {
      const { welcome } = await Session.open(target)
      equal(welcome.protocol, 1, "the version")
      const { idleMs, line, registerMs } = welcome.limits as Record<string, unknown>
      for (const limit of [line, idleMs, registerMs]) must(Number.isInteger(limit), "a limit is no whole number")
      must(Array.isArray(welcome.udp), "there is no list of UDP ports")
      must(typeof welcome.server === "string", "the server does not say what it is")
    }
  },
  {
    rule: "1.2-3",
    says: "gives each connection a challenge of 32 bytes of its own",
    run: async (target) => {
      const challenges = new Set<string>()
      for (let i = 0; i < 3; i++) challenges.add(String((await Session.open(target)).welcome.challenge))
      equal(challenges.size, 3, "the number of different challenges")
      for (const each of challenges) equal(Bytes.fromBase64Url(each)?.length, 32, "the length of a challenge")
    }
  },
  {
    rule: "1.2-8",
    says: "refuses what needs a nickname before there is one, and answers Ping",
    run: async (target) => {
      const session = await Session.open(target)
      for (const request of [
        { _tag: "List" },
        { _tag: "Query", nick: "x" },
        { _tag: "Watch" },
        { _tag: "Update", endpoints: [] }
      ])
        equal((await session.ask(request))._tag, "NotRegistered", `the answer to ${request._tag}`)
      equal((await session.ask({ _tag: "Ping" }))._tag, "Pong", "the answer to Ping")
    }
  },
  {
    rule: "1.2-10",
    says: "changes a nickname, and leaves the old one where the new one is refused",
    run: async (target) => {
      const session = await Session.anonymous(target)
      const other = await Session.anonymous(target)
      equal((await register(session, other.nick))._tag, "NickTaken", "the answer to a nickname in use")
      equal((await other.ask({ _tag: "Query", nick: session.nick }))._tag, "Peer", "the answer to a query after that")
      const next = freshNick()
      equal((await register(session, next))._tag, "Registered", "the answer to a free nickname")
      equal(
        (await other.ask({ _tag: "Query", nick: session.nick }))._tag,
        "NoSuchPeer",
        "of the old nickname, the answer"
      )
      equal((await other.ask({ _tag: "Query", nick: next }))._tag, "Peer", "of the new nickname, the answer")
    }
  },
  {
    rule: "1.2-11",
    says: "tells where the connection comes from, and the nickname in NFC",
    also: ["1.1-12"],
    run: async (target) => {
      const session = await Session.open(target)
      const nick = `${freshNick()}e\u0301`
      const reply = await register(session, nick)
      equal(reply.nick, nick.normalize("NFC"), "the nickname")
      must(String(reply.observed).endsWith(`:${session.local.port}`), `it saw us at ${reply.observed}`)
      must(Number(reply.lease) > 0, "there is no lease")
    }
  },
  {
    rule: "1.3-4",
    says: "refuses what could hide, reorder or imitate",
    also: ["1.3-2", "1.3-3", "1.3-5"],
    run: async (target) => {
      for (const nick of [
        "",
        " ",
        "a b",
        "a\u202eb",
        "a\u200db",
        "a\u0000b",
        "*",
        "x:",
        "a\u20dd",
        "a\u0903",
        "a\u0336",
        "1".repeat(30),
        "→",
        "(you)",
        "-a",
        "a'",
        "\ud800"
      ]) {
        const session = await Session.open(target)
        const reply = await register(session, nick)
        must(["NickInvalid", "Malformed"].includes(reply._tag), `${JSON.stringify(nick)} got ${reply._tag}`)
      }
    }
  },
  {
    rule: "1.3-1",
    says: "refuses more than 32 columns, and takes 32",
    run: async (target) => {
      const base = freshNick()
      const [most, more] = [32, 33].map((length) => base.padEnd(length, "x"))
      const session = await Session.open(target)
      equal((await register(session, more!))._tag, "NickInvalid", "the answer to 33 columns")
      equal((await register(session, `${"漢".repeat(17)}`))._tag, "NickInvalid", "the answer to 17 wide characters")
      equal((await register(session, most!))._tag, "Registered", "the answer to 32 columns")
    }
  },
  {
    rule: "1.3-6",
    says: "refuses names that programs use",
    run: async (target) => {
      for (const nick of ["you", "Admin", "r00t", "everyone"]) {
        const session = await Session.open(target)
        must((await register(session, nick))._tag.startsWith("Nick"), `${nick} was taken`)
      }
    }
  },
  {
    rule: "1.3-8",
    says: "takes case and confusable letters for the same",
    also: ["1.3-10"],
    run: async (target) => {
      const nick = freshNick()
      await taken(target, `${nick}a`, `${nick.toUpperCase()}A`)
      await taken(target, `${nick}ae`, `${nick}а\u0435`)
      await taken(target, `${nick}x1`, `${nick}ｘ1`)
    }
  },
  {
    rule: "1.3-9",
    says: "gives no nickname away that looks like one in use",
    also: ["1.3-10"],
    run: async (target) => {
      const nick = freshNick()
      await taken(target, `${nick}l`, `${nick}I`)
      await taken(target, `${nick}w`, `${nick}vv`)
      await taken(target, `${nick}d`, `${nick}cl`)
    }
  },
  {
    rule: "1.4-2",
    says: "holds the nickname of somebody whose connection broke, for that one alone",
    run: async (target) => {
      const who = person()
      ;(await Session.known(target, who)).drop()
      const other = await Session.open(target)
      equal((await register(other, who.nick))._tag, "NickTaken", "the answer to somebody else")
      await Session.known(target, who)
    }
  },
  {
    rule: "1.4-4",
    says: "gives an anonymous nickname back to whoever shows its secret, and to nobody else",
    also: ["1.2-12"],
    run: async (target) => {
      const session = await Session.open(target)
      const nick = freshNick()
      const { resume } = await register(session, nick)
      session.drop()
      const other = await Session.open(target)
      const wrong = Bytes.toBase64Url(randomBytes(16))
      equal((await register(other, nick))._tag, "NickTaken", "without the secret, the answer")
      equal((await register(other, nick, { resume: wrong }))._tag, "NickTaken", "with a wrong one, the answer")
      equal((await register(other, nick, { resume }))._tag, "Registered", "with the secret, the answer")
    }
  },
  {
    rule: "1.4-5",
    says: "lets an identity take its nickname from its older connection, which is told and closed",
    also: ["1.2-32", "1.4-3"],
    run: async (target) => {
      const who = person()
      const older = await Session.known(target, who)
      await Session.known(target, who)
      await older.next("Replaced")
      await older.closed("the older connection stayed open")
    }
  },
  {
    rule: "1.5-8",
    says: "refuses a proof for another server",
    run: async (target) => {
      const session = await Session.open(target)
      const reply = await session.ask(session.registrationOf(person(), "chat.invalid:1"))
      equal(reply._tag, "NotThisServer", "the answer")
    }
  },
  {
    rule: "1.5-12",
    says: "refuses a proof for another connection, another key, and another nickname",
    also: ["1.2-9", "1.5-6"],
    run: async (target) => {
      const who = person()
      const [first, second] = [await Session.open(target), await Session.open(target)]
      const late = first.registrationOf(who)
      equal((await second.ask(late))._tag, "Unauthorized", "to the proof of another connection, the answer")
      const stranger = person(who.nick)
      const { proof } = second.registrationOf(stranger)
      equal(
        (await second.ask({ ...second.registrationOf(who), proof }))._tag,
        "Unauthorized",
        "to a foreign proof, the answer"
      )
      const other = freshNick()
      equal(
        (await second.ask({ ...second.registrationOf(who), nick: other }))._tag,
        "Unauthorized",
        "to a record for another nickname, the answer"
      )
      const third = await Session.open(target)
      equal(
        (await third.ask(third.registrationOf({ ...renamed(who, other), nick: other })))._tag,
        "Registered",
        "to a good one, the answer"
      )
    }
  },
  {
    rule: "1.5-12",
    says: "refuses a record that somebody else has signed or changed",
    also: ["1.5-1", "1.5-2", "1.5-4"],
    run: async (target) => {
      const [who, other] = [person(), person()]
      const changed = who.record.slice()
      changed[who.record.length - 70]! ^= 1
      for (const record of [changed, who.record.slice(0, -1), other.record]) {
        const session = await Session.open(target)
        const reply = await session.ask(session.registrationOf({ ...who, record }))
        equal(reply._tag, "Unauthorized", "the answer")
      }
      const session = await Session.open(target)
      const { record, ...rest } = session.registrationOf(who)
      equal((await session.ask(rest))._tag, "Unauthorized", "without a record, the answer")
    }
  }
]

import * as Fingerprint from "../../../src/domain/Fingerprint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { type Check, equal, must } from "../Check.js"
import { freshNick, person, renamed } from "../Person.js"
import { type Message, Session, type Target } from "./Session.js"

/** Who is there, and who asks for whom. */
export const introducing: ReadonlyArray<Check<Target>> = [
  {
    rule: "1.2-13",
    says: "lists everybody, sorted, page by page",
    run: async (target) => {
      const sessions = await Promise.all(Array.from({ length: 5 }, () => Session.anonymous(target)))
      const found: Array<string> = []
      let after: string | undefined
      for (let pages = 0; pages < 10_000; pages++) {
        const page = await sessions[0]!.ask({ _tag: "List", limit: 2, ...(after === undefined ? {} : { after }) })
        equal(page._tag, "Clients", "the answer")
        const clients = page.clients as ReadonlyArray<{ readonly nick: string }>
        must(clients.length <= 2, `a page of 2 has ${clients.length}`)
        found.push(...clients.map(({ nick }) => nick))
        after = page.next as string | undefined
        if (after === undefined) break
      }
      for (const { nick } of sessions) must(found.includes(nick), `${nick} is not on the list`)
      equal(new Set(found).size, found.length, "the number of different nicknames")
      const folded = found.map((nick) => nick.toLowerCase())
      equal(folded, [...folded].sort(), "the order")
    }
  },
  {
    rule: "1.2-14",
    says: "finds a part of a nickname, whatever the case",
    run: async (target) => {
      const session = await Session.anonymous(target)
      const part = session.nick.slice(3, 11).toUpperCase()
      const nicks: Array<string> = []
      let after: string | undefined
      do {
        const page: Message = await session.ask({
          _tag: "List",
          match: part,
          ...(after === undefined ? {} : { after })
        })
        nicks.push(...(page.clients as ReadonlyArray<{ readonly nick: string }>).map(({ nick }) => nick))
        after = page.next as string | undefined
      } while (after !== undefined)
      equal(nicks, [session.nick], "what was found")
    }
  },
  {
    rule: "1.2-15",
    says: "lists where somebody connects from, and the fingerprint of their key",
    also: ["1.1-12", "1.5-5", "1.5-13"],
    run: async (target) => {
      const who = person()
      const session = await Session.known(target, who)
      const anonymous = await Session.anonymous(target)
      const entryOf = async (nick: string) => {
        const page = await session.ask({ _tag: "List", match: nick })
        return (page.clients as ReadonlyArray<Message>).find((entry) => entry.nick === nick)
      }
      const [known, unknown] = [await entryOf(who.nick), await entryOf(anonymous.nick)]
      must(String(known?.address).endsWith(`:${session.local.port}`), `the address is ${known?.address}`)
      equal(known?.fingerprint, Fingerprint.of(crypto, who.signKeys.publicKey), "the fingerprint")
      equal(unknown?.fingerprint, "", "the fingerprint of an anonymous nickname")
    }
  },
  {
    rule: "1.2-16",
    says: "shows nobody the addresses of somebody private",
    also: ["1.2-23"],
    run: async (target) => {
      const hidden = await Session.anonymous(target, { endpoints: ["192.0.2.7:7"], private: true })
      const asker = await Session.anonymous(target)
      const page = await asker.ask({ _tag: "List", match: hidden.nick })
      equal((page.clients as ReadonlyArray<Message>)[0]?.address, "", "the address on the list")
      const peer = await asker.ask({ _tag: "Query", nick: hidden.nick })
      equal([peer.address, peer.candidates], ["", []], "address and candidates in Peer")
      await hidden.next("Incoming")
      await hidden.ask({ _tag: "Query", nick: asker.nick })
      const incoming = await asker.next("Incoming")
      equal([incoming.address, incoming.candidates], ["", []], "address and candidates in Incoming")
      equal((await hidden.ask({ _tag: "Update", endpoints: ["192.0.2.7:7"] }))._tag, "Updated", "the answer")
      const shown = await asker.ask({ _tag: "Query", nick: hidden.nick })
      equal(shown.candidates, ["192.0.2.7:7"], "the candidates of somebody who is private no more")
    }
  },
  {
    rule: "1.2-17",
    says: "introduces two to each other, on one channel, each with a token of its own",
    also: ["1.1-13", "1.6-13", "3.1-1"],
    run: async (target) => {
      const [alice, bob] = [person(), person()]
      const [one, other] = [await Session.known(target, alice), await Session.known(target, bob)]
      const peer = await one.ask({ _tag: "Query", nick: bob.nick.toUpperCase() })
      const incoming = await other.next("Incoming")
      equal([peer._tag, peer.nick, incoming.nick], ["Peer", bob.nick, alice.nick], "the introduction")
      equal(
        [peer.record, incoming.record],
        [alice, bob].reverse().map(({ record }) => Bytes.toBase64Url(record)),
        "the records"
      )
      equal([peer.channel, peer.pairKey], [incoming.channel, incoming.pairKey], "channel and pair key of the asker")
      equal(Bytes.fromBase64Url(String(peer.channel))?.length, 8, "the length of the channel")
      equal(Bytes.fromBase64Url(String(peer.pairKey))?.length, 32, "the length of the pair key")
      const tokens = [peer, incoming].map(({ relay }) => (relay as { readonly token: string } | undefined)?.token)
      must(tokens[0] === undefined || tokens[0] !== tokens[1], "both have the same token")
    }
  },
  {
    rule: "1.6-11",
    says: "gives a pair the same channel for every query, and other pairs other ones",
    run: async (target) => {
      const [a, b, c] = await Promise.all([1, 2, 3].map(() => Session.anonymous(target)))
      const peer = await a!.ask({ _tag: "Query", nick: b!.nick })
      const back = await b!.ask({ _tag: "Query", nick: a!.nick })
      const other = await a!.ask({ _tag: "Query", nick: c!.nick })
      equal([back.channel, back.pairKey], [peer.channel, peer.pairKey], "channel and pair key of the query back")
      must(other.channel !== peer.channel && other.pairKey !== peer.pairKey, "two pairs have the same channel")
    }
  },
  {
    rule: "1.5-5",
    says: "introduces an anonymous nickname without a record",
    run: async (target) => {
      const [one, other] = [await Session.anonymous(target), await Session.anonymous(target)]
      const peer = await one.ask({ _tag: "Query", nick: other.nick })
      equal([peer._tag, peer.record], ["Peer", undefined], "the answer and the record in it")
    }
  },
  {
    rule: "1.6-12",
    says: "forgets a channel when one of its two sessions ends",
    run: async (target) => {
      const [one, other] = [await Session.anonymous(target), await Session.anonymous(target)]
      const { channel } = await one.ask({ _tag: "Query", nick: other.nick })
      equal((await other.ask({ _tag: "Exit" }))._tag, "Bye", "the answer to Exit")
      equal((await one.ask({ _tag: "Tell", channel, endpoints: [] }))._tag, "NoSuchPeer", "the answer to Tell")
    }
  },
  {
    rule: "1.2-17",
    says: "says that nobody has a nickname, and that one is one's own",
    run: async (target) => {
      const session = await Session.anonymous(target)
      equal((await session.ask({ _tag: "Query", nick: "nobody-has-this" }))._tag, "NoSuchPeer", "the answer")
      equal((await session.ask({ _tag: "Query", nick: session.nick }))._tag, "NotAccepting", "the answer")
    }
  },
  {
    rule: "3.4-16",
    says: "leaves out of candidates what no peer can have",
    run: async (target) => {
      const endpoints = ["224.0.0.1:5", "0.0.0.0:1", "255.255.255.255:9", "[ff02::1]:7", "192.0.2.9:9"]
      const session = await Session.anonymous(target, { endpoints })
      const asker = await Session.anonymous(target)
      const peer = await asker.ask({ _tag: "Query", nick: session.nick })
      equal(peer.candidates, ["192.0.2.9:9"], "the candidates")
    }
  },
  {
    rule: "1.2-18",
    says: "takes endpoints that it cannot read, and eight at most",
    run: async (target) => {
      const session = await Session.anonymous(target, { endpoints: ["nonsense", "10.0.0.1:99999"] })
      const many = Array.from({ length: 9 }, (_, i) => `192.0.2.1:${i + 1}`)
      equal((await session.ask({ _tag: "Update", endpoints: many }))._tag, "Malformed", "the answer to nine")
    }
  },
  {
    rule: "1.2-22",
    says: "hands candidates to the other side of a channel, and to no other",
    run: async (target) => {
      const [a, b, c] = await Promise.all([1, 2, 3].map(() => Session.anonymous(target)))
      const { channel } = await a!.ask({ _tag: "Query", nick: b!.nick })
      await b!.next("Incoming")
      equal((await a!.ask({ _tag: "Tell", channel, endpoints: ["192.0.2.5:5"] }))._tag, "Updated", "the answer")
      equal((await b!.next("Incoming")).candidates, ["192.0.2.5:5"], "the candidates")
      equal((await c!.ask({ _tag: "Tell", channel, endpoints: [] }))._tag, "NoSuchPeer", "to somebody else, the answer")
      await b!.inbox.none(({ _tag }) => _tag === "Incoming", "the words of somebody else came through")
    }
  },
  {
    rule: "1.2-25",
    says: "tells of the nicknames that are watched, and of no others",
    run: async (target) => {
      const watcher = await Session.anonymous(target)
      const here = await Session.anonymous(target)
      const later = person()
      const watching = await watcher.ask({ _tag: "Watch", nicks: [here.nick, later.nick] })
      equal(
        (watching.here as ReadonlyArray<Message>).map(({ nick }) => nick),
        [here.nick],
        "who is here"
      )
      await Session.anonymous(target)
      const session = await Session.known(target, later)
      const come = await watcher.next("Presence")
      equal(
        (come.here as ReadonlyArray<Message>).map(({ nick }) => nick),
        [later.nick],
        "who came"
      )
      session.send({ _tag: "Exit" })
      equal((await watcher.next("Presence")).gone, [later.nick], "who is gone")
      await watcher.ask({ _tag: "Unwatch", nicks: [here.nick] })
      here.send({ _tag: "Exit" })
      await watcher.inbox.none(({ _tag }) => _tag === "Presence", "it told of somebody who is watched no more")
    }
  },
  {
    rule: "1.2-33",
    says: "tells of somebody who is watched by their key, whatever they call themselves",
    run: async (target) => {
      const watcher = await Session.anonymous(target)
      const who = person()
      const session = await Session.known(target, who)
      const page = await watcher.ask({ _tag: "List", match: who.nick })
      const { fingerprint } = (page.clients as ReadonlyArray<Message>)[0]!
      const watching = await watcher.ask({ _tag: "Watch", nicks: [fingerprint] })
      equal(watching.here, [{ nick: who.nick, fingerprint }], "who is here")
      session.send({ _tag: "Exit" })
      equal((await watcher.next("Presence")).gone, [who.nick], "who is gone")
      const other = renamed(who, freshNick())
      await Session.known(target, other)
      equal((await watcher.next("Presence")).here, [{ nick: other.nick, fingerprint }], "who came")
    }
  },
  {
    rule: "1.2-29",
    says: "goes on to tell of nicknames when everybody is watched no more",
    run: async (target) => {
      const watcher = await Session.anonymous(target)
      const other = await Session.anonymous(target)
      await watcher.ask({ _tag: "Watch", nicks: [other.nick] })
      await watcher.ask({ _tag: "Watch" })
      equal((await watcher.ask({ _tag: "Unwatch" }))._tag, "Unwatched", "the answer")
      other.send({ _tag: "Exit" })
      equal((await watcher.next("Presence")).gone, [other.nick], "who is gone")
      await watcher.inbox.none(({ _tag, nick }) => _tag === "Left" && nick === other.nick, "it told of everybody")
    }
  },
  {
    rule: "1.2-24",
    says: "takes 24 nicknames in a Watch, and no more",
    run: async (target) => {
      const watcher = await Session.anonymous(target)
      const nicks = (count: number) => Array.from({ length: count }, (_, i) => `nobody${i}`)
      equal((await watcher.ask({ _tag: "Watch", nicks: nicks(24) }))._tag, "Watching", "the answer to 24")
      equal((await watcher.ask({ _tag: "Watch", nicks: nicks(25) }))._tag, "Malformed", "the answer to 25")
    }
  },
  {
    rule: "1.2-26",
    says: "tells of everybody, with a version that shows what was left out",
    run: async (target) => {
      const watcher = await Session.anonymous(target)
      let { version } = (await watcher.ask({ _tag: "Watch" })) as unknown as { readonly version: number }
      const other = await Session.anonymous(target)
      other.send({ _tag: "Exit" })
      let [joined, left] = [false, false]
      while (!joined || !left) {
        const event = await watcher.inbox.take(
          ({ _tag }) => ["Joined", "Left", "Changed"].includes(_tag),
          "Joined or Left"
        )
        must(Number(event.version) > version, `after version ${version} came ${event.version}`)
        version = Number(event.version)
        if (event.nick === other.nick) {
          joined ||= event._tag === "Joined"
          left ||= event._tag === "Left"
        } else if (event._tag === "Left") continue
      }
      must(joined && left, "it came and went unseen")
    }
  },
  {
    rule: "1.2-30",
    says: "frees a nickname at once with Exit, and says Bye",
    run: async (target) => {
      const session = await Session.anonymous(target)
      equal((await session.ask({ _tag: "Exit", mood: "direct" }))._tag, "Bye", "the answer")
      await session.closed("the connection stayed open after Exit")
      const other = await Session.open(target)
      equal(
        (await other.ask({ _tag: "Register", nick: session.nick }))._tag,
        "Registered",
        "to somebody else, the answer"
      )
    }
  },
  {
    rule: "5-3",
    says: "refuses a value that it does not know where there is a list of values",
    run: async (target) => {
      const session = await Session.anonymous(target)
      session.send({ _tag: "Exit", id: 9, mood: "splendid" })
      equal((await session.next("Malformed")).id, 9, "the id")
    }
  }
]

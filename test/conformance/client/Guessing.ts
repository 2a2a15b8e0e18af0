import * as Dgram from "node:dgram"
import { networkInterfaces } from "node:os"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import type { Guess } from "../../../src/protocol/Frame.js"
import type { HandshakePayload } from "../../../src/protocol/Handshake.js"
import { equal, must, pause } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { type ClientCheck, own } from "./Context.js"
import { ForeignPeer } from "./ForeignPeer.js"
import { alive } from "./Invited.js"
import type { Link } from "./Link.js"
import type { Running } from "./Running.js"

/** A peer that searches for a port of its NAT: the client is to try those of `ports`, at `outer`. */
interface Search {
  readonly link: Link
  /** Where the peer is seen, which is an address of this machine. */
  readonly outer: string
  /** The lowest of the ports that are listened at; `PORTS` of them follow each other. */
  readonly first: number
  readonly opens: Inbox<Opened>
  /** Has the client try ports. */
  readonly guess: (port: number, more?: Partial<Guess>) => void
}

interface Opened {
  readonly port: number
  readonly bytes: ReadonlyArray<number>
}

/** How the client comes to know the peer. */
interface Way {
  /** Whether the client is told to ask for it, or it asks for the client. */
  readonly asks: boolean
  /** Whether packets go through the server, and stay there. */
  readonly isRelayed: boolean
  /** Whether the peer's address is one of its candidates. */
  readonly isNamed: boolean
}

/**
 * With a client of its own, which has to understand GUESS. Nothing is tried where this machine has no address but
 * loopback, which is nobody's outer one.
 */
const search = (run: (search: Search) => Promise<void>, { asks, isNamed, isRelayed }: Way) =>
  own(
    async (running) => {
      const outer = outerAddress()
      if (outer === undefined) return
      const [peer, ports] = [await ForeignPeer.meet(running), await listen()]
      try {
        if (isRelayed) peer.useRelay()
        const at = isNamed ? `${outer}:${peer.udp.port}` : ""
        const introduction = peer.introduction({
          address: at,
          candidates: isNamed ? [at] : [],
          ...(isRelayed ? RELAY : {})
        })
        const { link, payload } = await (asks ? mutual : stranger)(peer, running, introduction)
        if ((payload.features & UNDERSTANDS) === 0) return
        const guess: Search["guess"] = (port, more) => {
          const first = Endpoint.make(outer, port)!
          link.send({ _tag: "Guess", first, stride: 1, ports: 1, count: 1, ...more })
        }
        await run({ link, outer, first: ports.first, opens: ports.opens, guess })
      } finally {
        peer.close()
        ports.close()
      }
    },
    (host) => {
      host.greeting.relay = isRelayed
    }
  )

type Known = { readonly link: Link; readonly payload: HandshakePayload }
type Meet = (peer: ForeignPeer, running: Running, introduction: Record<string, unknown>) => Promise<Known>

const mutual: Meet = async (peer, running, introduction) => {
  running.host.people.set(peer.who.nick, () => introduction)
  running.say({ cmd: "query", nick: peer.who.nick })
  const known = peer.answer(await peer.hs1())
  await running.next("mutual", (event) => event.peer === peer.who.nick)
  return known
}

const stranger: Meet = async (peer, running, introduction) => {
  running.host.say({ _tag: "Incoming", ...introduction })
  const initiation = peer.initiate()
  const result = await peer.shake(initiation)
  return { link: peer.link(result, initiation.index), payload: result.remotePayload }
}

const outerAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => Endpoint.make(address, 1))
    .find((endpoint) => endpoint?.family === "ipv4" && Endpoint.isCandidate(endpoint, false))?.address

/** Listens at ports that follow each other: none that a system gives away, or that tests give to servers. */
const listen = async (): Promise<{ first: number; opens: Inbox<Opened>; close: () => void }> => {
  const opens = new Inbox<Opened>("OPEN to a port that was guessed")
  for (let left = TRIES; left > 0; left--) {
    const first = 6_000 + Math.floor(Math.random() * 2_800)
    const sockets = await Promise.all(
      Array.from({ length: PORTS }, (_, at) => bind(first + at, (bytes) => opens.put({ port: first + at, bytes })))
    )
    const close = () => sockets.map((socket) => socket?.close())
    if (sockets.every((socket) => socket !== undefined)) return { first, opens, close }
    close()
  }
  throw new Error(`no ${PORTS} ports in a row are free`)
}

const bind = (port: number, onBytes: (bytes: ReadonlyArray<number>) => void): Promise<Dgram.Socket | undefined> =>
  new Promise((resolve) => {
    const socket = Dgram.createSocket("udp4")
    socket.on("message", (data) => onBytes([...data]))
    socket.once("error", () => {
      socket.close()
      resolve(undefined)
    })
    socket.bind(port, () => resolve(socket))
  })

const any = () => true

/** Somebody whose GUESS counts: it is asked for, reached through the relay, and has named its address. */
const HEARD = { asks: true, isRelayed: true, isNamed: true } as const

export const guessing: ReadonlyArray<ClientCheck> = [
  {
    rule: "3.4-21",
    says: "sends OPEN once to each port that it is told to try, 64 at once and 200 in a second",
    also: ["3.4-20"],
    words: true,
    run: search(async ({ first, guess, opens }) => {
      const began = performance.now()
      // Downwards, by steps that go past 65,535 to 1024.
      guess(first + PORTS - 1, { stride: 64_511, ports: PORTS, count: PORTS })
      const ports: Array<number> = []
      for (let i = 0; i < PORTS; i++) {
        const { bytes, port } = await opens.take()
        equal(bytes, [0], "the bytes")
        ports.push(port)
      }
      const took = performance.now() - began
      equal(
        ports.toSorted((a, b) => a - b),
        Array.from({ length: PORTS }, (_, at) => first + at),
        "where OPEN came"
      )
      must(took >= LEAST, `${PORTS} of them took ${Math.round(took)} ms`)
      await opens.none(any, "one more came")
    }, HEARD)
  },
  {
    rule: "3.4-21",
    says: "sends to as many ports as it is told, and to none any more of an older GUESS",
    words: true,
    run: search(async ({ first, guess, opens }) => {
      guess(first + 1, { ports: PORTS - 1, count: PORTS - 1 })
      await opens.take()
      guess(first)
      await opens.take(({ port }) => port === first)
      // What came before is read by now.
      await pause(100)
      while (await opens.take(any, "", 0).then(any, () => false));
      await opens.none(any, "it goes on")
      guess(first + 1, { ports: 20, count: 3 })
      for (let i = 0; i < 3; i++) await opens.take()
      await opens.none(any, "more than three ports were tried")
    }, HEARD)
  },
  {
    rule: "3.4-21",
    says: "ignores GUESS with a first port below 1024, without ports, or with more or longer steps than there are",
    words: true,
    run: search(async ({ first, guess, opens }) => {
      guess(1_023, { stride: first - 1_023, ports: 2, count: 2 })
      guess(first, { ports: 0 })
      guess(first, { stride: 64_513, ports: 2, count: 2 })
      guess(first, { stride: 64_512, ports: 64_513, count: 64_513 })
      await opens.none(any, "it tried a port")
      guess(first)
      await opens.take()
    }, HEARD)
  },
  {
    rule: "3.4-21",
    says: "ignores GUESS of an address that is none of the peer's candidates",
    words: true,
    run: search(
      async ({ first, guess, link, opens, outer }) => {
        guess(first)
        await opens.none(any, "it tried a port")
        link.send({ _tag: "Candidates", endpoints: [Endpoint.make(outer, first + 1)!] })
        await alive(link)
        guess(first)
        await opens.take(({ port }) => port === first)
      },
      { asks: true, isRelayed: true, isNamed: false }
    )
  },
  {
    rule: "3.4-21",
    says: "ignores GUESS of somebody whom it has not asked for",
    run: search(
      async ({ first, guess, link, opens }) => {
        guess(first, { ports: PORTS, count: PORTS })
        await alive(link)
        await opens.none(any, "it tried a port")
      },
      { asks: false, isRelayed: true, isNamed: true }
    )
  },
  {
    rule: "3.4-21",
    says: "ignores GUESS when it has a direct path",
    words: true,
    run: search(
      async ({ first, guess, link, opens }) => {
        // PONG has left before this PING: the path has proven itself when it is answered.
        await link.next("Ping")
        await alive(link)
        guess(first, { ports: PORTS, count: PORTS })
        await alive(link)
        await opens.none(any, "it tried a port")
      },
      { asks: true, isRelayed: false, isNamed: true }
    )
  }
]

/** Of the introduction, where a server carries packets. */
const RELAY = { relay: { token: "AAAAAAAAAAA" } }
/** Feature bit 4. */
const UNDERSTANDS = 16
/** Ports that are listened at. */
const PORTS = 200
/** ms that these take at least: those beyond the first 64, and timers may be early. */
const LEAST = 500
/** Rows of ports, of which some may be somebody's. */
const TRIES = 50

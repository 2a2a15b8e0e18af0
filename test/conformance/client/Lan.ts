import { randomBytes } from "node:crypto"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { SERVICE } from "../../../src/layers/node/Announcements.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import type * as Lan from "../../../src/protocol/Lan.js"
import { equal, must, pause, waits } from "../Check.js"
import { type ClientCheck, own, shared } from "./Context.js"
import { LanPeer } from "./LanPeer.js"
import type { Running } from "./Running.js"

/** With somebody else on the local network, who has found the client there. */
const found = (
  run: (lan: LanPeer, at: Endpoint.Endpoint, running: Running) => Promise<void>,
  on: typeof shared = shared
) =>
  on(async (running) => {
    const lan = await LanPeer.join(running)
    await lan
      .find()
      .then((at) => run(lan, at, running))
      .finally(() => lan.close())
  })

const check = (rule: string, says: string, run: ClientCheck["run"], also: ReadonlyArray<string> = []): ClientCheck => ({
  rule,
  says,
  also,
  part: "lan",
  run
})

/** With words: it is asked for somebody, or tells of them. */
const words = (one: ClientCheck): ClientCheck => ({ ...one, words: true })

/** The client says nothing to these packets, and still answers a good question behind them. */
const silent = (
  rule: string,
  says: string,
  packets: (lan: LanPeer, at: Endpoint.Endpoint) => ReadonlyArray<Uint8Array>,
  also: ReadonlyArray<string> = []
): ClientCheck =>
  check(
    rule,
    says,
    found(async (lan, at) => {
      for (const packet of packets(lan, at)) lan.send(packet, at)
      // Takes the first card that comes, which has to be that of the good question.
      await lan.answer(lan.ask(at), at)
    }),
    also
  )

/** Cut, longer, or with one byte changed. */
const changed = (packet: Uint8Array, at: number, byte: number): Uint8Array =>
  packet.map((one, i) => (i === at ? byte : one))

/** Shows the client our card, as it asks for it; gives where it has asked from. */
const shown = async (lan: LanPeer): Promise<Endpoint.Endpoint> => {
  lan.announce()
  const { from, packet } = await lan.next("ask")
  lan.send(lan.card(packet), from)
  return from
}

const isListed = async (lan: LanPeer, running: Running): Promise<boolean> => {
  const { peers = [] } = (await running.ask({ cmd: "list" })) as { readonly peers?: ReadonlyArray<{ nick: string }> }
  return peers.some(({ nick }) => nick === lan.peer.who.nick)
}

const listed = async (lan: LanPeer, running: Running): Promise<void> => {
  const until = performance.now() + waits.patience
  while (!(await isListed(lan, running))) {
    must(performance.now() < until, "it does not list whose card it has")
    await pause(100)
  }
}

export const lan: ReadonlyArray<ClientCheck> = [
  check(
    "4-1",
    "answers a multicast question with its name, made of its identity, and a port",
    found(async (lan, at) => {
      await lan.answer(lan.ask(at), at)
    }),
    ["4-2", "4-3"]
  ),
  check(
    "4-3",
    "asks for others by multicast",
    own(async (running) => {
      const lan = await LanPeer.join(running)
      await lan.questions.take((name) => name === SERVICE, "question for PTR").finally(() => lan.close())
    })
  ),
  check(
    "4-7",
    "answers ASK with a CARD of the same size: its record, the question, where it was asked, and its signature",
    found(async (lan, at, { host }) => {
      const card = await lan.answer(lan.ask(at), at)
      must(Bytes.equal(card.record, host.record), "its record is another one than the server's")
      equal([card.to, card.sender], [lan.name, lan.theirName], "to and sender")
      equal(Endpoint.format(card.at), Endpoint.format(at), "where it was asked")
      const again = await lan.answer(lan.ask(at), at)
      must(Bytes.equal(again.nonce, card.nonce), "its nonce is another one each time")
      must(card.port > 0, "it has no port")
    }),
    ["4-4", "4-5", "4-6", "4-9"]
  ),
  silent("4-10", "does not answer who asks it at an address that is not its own", (lan) => [
    lan.ask(Endpoint.make("10.255.255.254", 9)!)
  ]),
  silent(
    "4-16",
    "does not answer what is for somebody else, or of another size",
    (lan, at) => [
      lan.ask(at, { to: "0011223344556677" }),
      lan.ask(at).subarray(0, -1),
      Bytes.concat([lan.ask(at), Uint8Array.of(0)])
    ],
    ["4-4"]
  ),
  silent(
    "4-8",
    "ignores the kinds of an older version, and those that it does not know",
    (lan, at) => [0, 1, 2, 6, 255].map((kind) => changed(lan.ask(at), 1, kind)),
    ["5-3"]
  ),
  silent("4-12", "drops an INVITE without a cookie of its own", (lan, at) => [lan.invite(at, randomBytes(16))], [
    "4-13"
  ]),
  words(
    check(
      "4-14",
      "asks who is announced for a card, and lists them",
      found(async (lan, _, running) => {
        await shown(lan)
        await listed(lan, running)
      })
    )
  ),
  check(
    "4-15",
    "asks again with the same question, until it is answered",
    found(async (lan) => {
      lan.announce()
      const [first, second] = [await lan.next("ask"), await lan.next("ask")]
      must(Bytes.equal(first.packet.question, second.packet.question), "it asked another question")
    })
  ),
  words(
    check(
      "4-11",
      "takes no CARD for another question, or one that somebody else has signed",
      found(async (lan, _, running) => {
        lan.announce()
        const { from, packet } = await lan.next("ask")
        lan.send(lan.card({ ...packet, question: randomBytes(16) }), from)
        lan.send(lan.card({ ...packet, at: { ...packet.at, port: packet.at.port ^ 1 } }), from)
        const card = lan.card(packet)
        lan.send(changed(card, 90, card[90]! ^ 1), from)
        must(!(await isListed(lan, running)), "it told of who has shown no good card")
        // It asks again, so the question was not answered.
        await lan.next("ask")
      }),
      ["4-9", "4-16"]
    )
  ),
  check(
    "4-17",
    "takes an INVITE with a cookie of its own for an introduction, and answers a handshake on it",
    found(async (lan, at) => {
      const { cookie, nonce } = await lan.answer(lan.ask(at), at)
      lan.introduce(nonce)
      await lan.answer(lan.invite(at, cookie), at)
      await lan.peer.opened()
      await lan.peer.shake()
    }),
    ["4-6", "4-12", "4-14"]
  ),
  check(
    "4-13",
    "answers the same INVITE again",
    found(async (lan, at) => {
      const { cookie } = await lan.answer(lan.ask(at), at)
      const invite = lan.invite(at, cookie)
      for (let i = 0; i < 2; i++) await lan.answer(invite, at)
    })
  ),
  words(
    check(
      "4-14",
      "asks for the card once more when its user asks for somebody, invites with its cookie, and sends HS1",
      found(async (lan, _, running) => {
        await shown(lan)
        await listed(lan, running)
        running.say({ cmd: "query", nick: lan.peer.who.nick, ref: "lan" })
        const { from, packet } = await lan.next("ask")
        const cookie = randomBytes(16)
        lan.send(lan.card(packet, { cookie }), from)
        const { packet: invite } = await lan.next("invite")
        must("cookie" in invite && Bytes.equal(invite.cookie, cookie), "it has another cookie")
        lan.send(lan.card(invite), from)
        lan.introduce((invite as Lan.LanCard).nonce)
        lan.peer.answer(await lan.peer.hs1())
      }),
      ["4-5", "4-17"]
    )
  ),
  words(
    check(
      "4-1",
      "takes its announcement back when it leaves",
      found(async (lan, _, running) => {
        running.say({ cmd: "exit" })
        await lan.announced.take(({ name, ttl }) => name === lan.theirName && ttl === 0, "announcement with TTL 0")
      }, own)
    )
  )
]

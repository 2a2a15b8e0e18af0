import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Client, type ClientEvent, layerClient, layerNode, layerServer, Server } from "../../../src/index.js"
import * as ServerOptions from "../../../src/server/ServerOptions.js"
import type { Peer } from "./Peer.js"

/**
 * Whole clients as users of the library have them: introduced by a server, which is in the server's process here, each
 * with its profile and its journal on disk.
 */

export const about = "parley, whole clients, journals on disk"

export const serve = async (host: string, onPeer: (peer: Peer) => void): Promise<unknown> => {
  // Its users ask as often as they like, as all others here may.
  const session = { ...ServerOptions.defaults.session, queries: OFTEN }
  const server = ManagedRuntime.make(Layer.provide(layerServer({ host, port: 0, session }), node()))
  const { port } = await server.runPromise(Effect.map(Server, ({ local }) => local))
  const talks = new Map<string, Talk>()
  const own = await Own.open(host, port, "bob", (event, self) => {
    if (event._tag === "Incoming") self.run(askBack(event.nick))
    if (event._tag === "Delivered") for (const talk of talks.values()) talk.told()
    if (event._tag !== "Message") return
    let talk = talks.get(event.from)
    if (talk === undefined) {
      talk = new Talk(self, event.from)
      talks.set(event.from, talk)
      onPeer(talk)
    }
    talk.take(event.text)
  })
  void own
  return { host, port }
}

const askBack = (nick: string) => Effect.flatMap(Client, (client) => client.query(nick))

/** A client that is registered, as it is before its user asks for anybody. */
export const prepare = (address: unknown): Promise<unknown> => {
  const { host, port } = address as { readonly host: string; readonly port: number }
  const waiting: { talk?: Talk } = {}
  return Own.open(host, port, `alice-${process.pid}-${++opened}`, (event) => {
    if (event._tag === "Message") waiting.talk?.take(event.text)
    if (event._tag === "Delivered") waiting.talk?.told()
  }).then((own) => ({ own, waiting }))
}

let opened = 0

export const connect = async (_: unknown, __: string, prepared: unknown): Promise<Peer> => {
  const { own, waiting } = prepared as { readonly own: Own; readonly waiting: { talk?: Talk } }
  const talk = new Talk(own, "bob")
  waiting.talk = talk
  await own.promise(Effect.flatMap(Client, (client) => client.query("bob")))
  return talk
}

/** A client of its own, with what it says of itself. */
class Own {
  private constructor(
    private readonly runtime: ManagedRuntime.ManagedRuntime<Client, unknown>,
    private readonly home: string
  ) {}

  static async open(host: string, port: number, nick: string, handle: (event: ClientEvent, self: Own) => void) {
    const home = mkdtempSync(join(tmpdir(), "parley-peers-"))
    const layer = layerClient({ server: { host, port }, portMapping: false })
    const own = new Own(ManagedRuntime.make(Layer.provide(layer, node(home))), home)
    await own.promise(Effect.flatMap(Client, (client) => client.register(nick)))
    const hear = (events: ReadonlyArray<ClientEvent>) =>
      Effect.sync(() => {
        for (const event of events) handle(event, own)
      })
    own.run(Effect.flatMap(Client, (client) => client.handleBatches(hear)))
    return own
  }

  run(effect: Effect.Effect<unknown, unknown, Client>): void {
    this.runtime.runFork(Effect.ignore(effect))
  }

  promise<A>(effect: Effect.Effect<A, unknown, Client>): Promise<A> {
    return this.runtime.runPromise(effect)
  }

  async close(): Promise<void> {
    await Exit.isExit(await this.runtime.dispose().catch(() => undefined))
    rmSync(this.home, { recursive: true, force: true })
  }
}

class Talk implements Peer {
  #take: (text: string, length: number) => void = () => {}
  #early: Array<string> = []
  #heard = false
  #room: (() => void) | undefined
  #said: Array<string> = []
  #sending = false
  /** Said, and not delivered. */
  #left = 0

  constructor(
    private readonly own: Own,
    private readonly nick: string
  ) {}

  send(text: string): boolean {
    this.#said.push(text)
    this.#left++
    if (!this.#sending) {
      this.#sending = true
      queueMicrotask(() => this.#sendAll())
    }
    return this.#left < MOST
  }

  onRoom(run: () => void): void {
    this.#room = run
    if (this.#left < MOST / 2) this.#tell()
  }

  onMessage(take: (text: string, length: number) => void): void {
    this.#take = take
    this.#heard = true
    for (const text of this.#early.splice(0)) take(text, text.length)
  }

  close(): Promise<void> {
    return this.own.close()
  }

  take(text: string): void {
    if (this.#heard) this.#take(text, text.length)
    else this.#early.push(text)
  }

  told(): void {
    this.#left--
    if (this.#left < MOST / 2) this.#tell()
  }

  #tell(): void {
    const room = this.#room
    this.#room = undefined
    room?.()
  }

  /** What one turn has said goes out together. */
  #sendAll(): void {
    const texts = this.#said
    this.#said = []
    // Whoever was asked first may have to ask back before it can say something.
    const sent = Effect.flatMap(Client, (client) =>
      Effect.catchAll(client.sendAll(this.nick, texts), () =>
        Effect.zipRight(Effect.ignore(client.query(this.nick)), client.sendAll(this.nick, texts))
      )
    )
    const after = Effect.sync(() => {
      if (this.#said.length === 0) this.#sending = false
      else this.#sendAll()
    })
    this.own.run(Effect.zipRight(Effect.ignore(sent), after))
  }
}

const OFTEN = { burst: 100, perSecond: 100 }

const node = (home?: string) =>
  Layer.merge(layerNode(home === undefined ? {} : { home }), Logger.minimumLogLevel(LogLevel.None))

/** Messages under way: what a program keeps that does not wait for each. */
const MOST = 4_096

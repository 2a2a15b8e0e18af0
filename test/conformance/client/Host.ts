import { randomBytes } from "node:crypto"
import * as Net from "node:net"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { there } from "../Check.js"
import { Inbox } from "../Inbox.js"
import type { Message } from "../server/Session.js"

/** A server that does what a check wants, and what a client needs of one otherwise. */
export class Host {
  /** What clients said, apart from `Ping`. */
  readonly inbox = new Inbox<Message & { readonly at: number }>("request of the client")
  /** What it greets with beside the usual. */
  readonly greeting: Record<string, unknown> = {}
  /** Who is introduced when somebody is asked for; `NoSuchPeer` for others. */
  readonly people = new Map<string, () => Record<string, unknown>>()
  /** Who takes packets that it carries, by their channel. */
  readonly carried = new Map<string, (packet: Uint8Array) => void>()
  readonly #server: Net.Server
  #link: Net.Socket | undefined
  #challenge = ""
  #registration: Message | undefined

  private constructor(server: Net.Server) {
    this.#server = server
    server.on("connection", (socket) => this.#accept(socket))
  }

  static start(): Promise<Host> {
    return new Promise((resolve) => {
      const server = Net.createServer()
      const host = new Host(server)
      server.listen(0, "127.0.0.1", () => resolve(host))
    })
  }

  get port(): number {
    return (this.#server.address() as Net.AddressInfo).port
  }

  get name(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Of the newest connection. */
  get challenge(): Uint8Array {
    return there(Bytes.fromBase64Url(this.#challenge), "nobody connected")
  }

  /** The last `Register` that was answered. */
  get registration(): Message {
    return there(this.#registration, "the client has not registered")
  }

  /** The record that the client has registered with. */
  get record(): Uint8Array {
    const { record } = this.registration
    return there(Bytes.fromBase64Url(String(record ?? "")), "the client registered no record")
  }

  say(...messages: ReadonlyArray<object>): void {
    this.sayRaw(messages.map((message) => `${JSON.stringify(message)}\n`).join(""))
  }

  sayRaw(bytes: string | Uint8Array): void {
    this.#link?.write(bytes)
  }

  /** The next request of this kind. */
  next(tag: string, ms?: number): Promise<Message & { readonly at: number }> {
    return this.inbox.take(({ _tag }) => _tag === tag, `${tag} of the client`, ms)
  }

  /** Ends the connection. */
  hangUp(): void {
    this.#link?.end()
  }

  stop(): void {
    this.#link?.destroy()
    this.#server.close()
  }

  #accept(socket: Net.Socket): void {
    this.#link = socket
    this.#challenge = Bytes.toBase64Url(randomBytes(32))
    let rest = ""
    socket.setNoDelay(true)
    socket.setEncoding("utf8")
    socket.on("error", () => {})
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n")
      rest = lines.pop()!
      for (const line of lines) this.#hear(JSON.parse(line) as Message)
    })
    this.inbox.put({ _tag: "(connected)", at: performance.now() })
    socket.on("close", () => this.inbox.put({ _tag: "(closed)", at: performance.now() }))
    this.say({
      _tag: "Welcome",
      protocol: 1,
      server: "conformance",
      challenge: this.#challenge,
      limits: { line: 4_096, idleMs: 45_000, registerMs: 10_000 },
      now: Date.now(),
      udp: [],
      ...this.greeting
    })
  }

  #hear(message: Message): void {
    const { _tag, id } = message
    const carry = _tag === "Relay" ? this.carried.get(String(message.channel)) : undefined
    const packet = Bytes.fromBase64Url(String(message.packet))
    if (carry !== undefined && packet !== undefined) {
      carry(packet)
      return
    }
    this.inbox.put({ ...message, at: performance.now() })
    const answer = this.#answer(message)
    if (answer !== undefined) this.say({ id, ...answer })
    if (_tag === "Exit") this.#link?.end()
  }

  #answer(message: Message): object | undefined {
    switch (message._tag) {
      case "Register":
        this.#registration = message
        return {
          _tag: "Registered",
          nick: message.nick,
          lease: 45_000,
          observed: `127.0.0.1:${this.#link?.remotePort}`,
          resume: Bytes.toBase64Url(randomBytes(16))
        }
      case "Ping":
        return { _tag: "Pong" }
      case "List":
        return { _tag: "Clients", clients: [] }
      case "Watch":
        return message.nicks === undefined
          ? { _tag: "Watching", version: 0 }
          : { _tag: "Watching", version: 0, here: [] }
      case "Unwatch":
        return { _tag: "Unwatched" }
      case "Update":
      case "Tell":
        return { _tag: "Updated" }
      case "Query": {
        const found = this.people.get(String(message.nick))
        return found === undefined ? { _tag: "NoSuchPeer", message: "nobody" } : { _tag: "Peer", ...found() }
      }
      case "Exit":
        return { _tag: "Bye" }
      default:
        return undefined
    }
  }
}

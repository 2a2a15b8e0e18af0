import * as Net from "node:net"
import { must, there } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { freshNick, type Person, registration } from "../Person.js"

export type Message = Readonly<Record<string, unknown>> & { readonly _tag: string }

/** The server that is tried. */
export interface Target {
  readonly host: string
  readonly port: number
  /** What a client calls it in its proof. */
  readonly name: string
  /** The connections of the check that runs. */
  readonly open: Set<Session>
}

/** A control connection by hand: what is said is not checked, what comes is kept until it is asked for. */
export class Session {
  readonly inbox = new Inbox<Message>("message of the server")
  readonly #socket: Net.Socket
  readonly #target: Target
  #ids = 100
  #rest = ""
  #welcome: Message | undefined

  private constructor(socket: Net.Socket, target: Target) {
    this.#socket = socket
    this.#target = target
    target.open.add(this)
    socket.setNoDelay(true)
    socket.setEncoding("utf8")
    socket.on("data", (chunk: string) => {
      const lines = (this.#rest + chunk).split("\n")
      this.#rest = lines.pop()!
      for (const line of lines) this.inbox.put(parse(line))
    })
    socket.on("error", () => {})
    socket.on("close", () => this.inbox.end("the connection was closed"))
  }

  /** Connected and greeted. */
  static async open(target: Target): Promise<Session> {
    const session = await Session.connect(target)
    session.#welcome = await session.next("Welcome")
    return session
  }

  static connect(target: Target): Promise<Session> {
    return new Promise((resolve, reject) => {
      const socket = Net.connect({ host: target.host, port: target.port })
      const session = new Session(socket, target)
      socket.once("connect", () => resolve(session))
      socket.once("error", reject)
    })
  }

  /** Registered without an identity. */
  static async anonymous(target: Target, more: object = {}): Promise<Session & { readonly nick: string }> {
    const session = await Session.open(target)
    const nick = freshNick()
    const reply = await session.ask({ _tag: "Register", nick, ...more })
    must(reply._tag === "Registered", `a new nickname was answered with ${reply._tag}`)
    return Object.assign(session, { nick })
  }

  /** Registered with an identity. */
  static async known(target: Target, who: Person, more: object = {}): Promise<Session> {
    const session = await Session.open(target)
    const reply = await session.ask({ ...session.registrationOf(who), ...more })
    must(reply._tag === "Registered", `a good proof was answered with ${JSON.stringify(reply)}`)
    return session
  }

  get welcome(): Message {
    return there(this.#welcome, "there was no Welcome")
  }

  /** The address and port of our end. */
  get local(): { readonly address: string; readonly port: number } {
    return { address: this.#socket.localAddress!, port: this.#socket.localPort! }
  }

  registrationOf(who: Person, name: string = this.#target.name): Record<string, unknown> {
    return registration(who, { challenge: String(this.welcome.challenge), server: name })
  }

  send(...messages: ReadonlyArray<object>): void {
    this.sendRaw(messages.map((message) => `${JSON.stringify(message)}\n`).join(""))
  }

  sendRaw(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Sends a request with an id of its own, and gives its answer. */
  ask(request: object): Promise<Message> {
    const id = this.#ids++
    this.send({ id, ...request })
    const { _tag } = request as Message
    return this.inbox.take((message) => message.id === id, `answer to ${_tag}`)
  }

  /** The next message with this tag. */
  next(tag: string): Promise<Message> {
    return this.inbox.take(({ _tag }) => _tag === tag, tag)
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#socket.destroy()
  }

  closed(otherwise: string): Promise<void> {
    return this.inbox.ended(otherwise)
  }
}

const parse = (line: string): Message => {
  try {
    const value: unknown = JSON.parse(line)
    must(typeof value === "object" && value !== null && "_tag" in value, `the server said ${line}`)
    return value as Message
  } catch {
    return { _tag: `(no message: ${line.slice(0, 60)})` }
  }
}

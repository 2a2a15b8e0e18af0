import * as Net from "node:net"
import { decodeSync, type Message } from "./messages.js"

/**
 * One control connection over a real socket, for tests: sends what it is told, collects what arrives, and waits for
 * what is expected. Every line is checked against the protocol's Schema.
 */
export class LineClient {
  readonly messages: Array<Message> = []
  /** Chunks as the socket delivered them. */
  readonly chunks: Array<string> = []
  closed = false
  #rest = ""
  #taken = 0
  #wake: () => void = () => {}

  private constructor(readonly socket: Net.Socket) {
    socket.setNoDelay(true)
    socket.setEncoding("utf8")
    socket.on("data", (chunk: string) => {
      this.chunks.push(chunk)
      const lines = (this.#rest + chunk).split("\n")
      this.#rest = lines.pop()!
      this.messages.push(...lines.map((line) => decodeSync(line)))
      this.#wake()
    })
    socket.on("error", () => {})
    socket.on("close", () => {
      this.closed = true
      this.#wake()
    })
  }

  static connect(port: number, host = "127.0.0.1"): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = Net.connect({ port, host })
      const client = new LineClient(socket)
      socket.once("connect", () => resolve(client))
      socket.once("error", reject)
    })
  }

  /** Connected and registered. */
  static async register(port: number, nick: string): Promise<LineClient> {
    const client = await LineClient.connect(port)
    client.send({ _tag: "Register", id: 0, nick })
    await client.next("Welcome")
    await client.next("Registered")
    return client
  }

  send(...requests: ReadonlyArray<object | string>): void {
    this.socket.write(
      requests.map((request) => `${typeof request === "string" ? request : JSON.stringify(request)}\n`).join("")
    )
  }

  /** The next message that was not taken yet; it must have this tag. */
  async next(tag?: string): Promise<Message> {
    await this.#until(() => this.messages.length > this.#taken || this.closed)
    const message = this.messages[this.#taken]
    if (message === undefined) throw new Error(`the connection closed before ${tag ?? "a message"} came`)
    this.#taken++
    if (tag !== undefined && message._tag !== tag) throw new Error(`${tag} expected: ${JSON.stringify(message)}`)
    return message
  }

  async take(count: number): Promise<ReadonlyArray<Message>> {
    const taken: Array<Message> = []
    while (taken.length < count) taken.push(await this.next())
    return taken
  }

  close(): Promise<void> {
    this.socket.destroy()
    return this.whenClosed()
  }

  whenClosed(): Promise<void> {
    return this.#until(() => this.closed)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

import { connect, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"

export interface Place {
  readonly port: number
  readonly host?: string
  /** The address that it comes from. */
  readonly from?: string
  /** Bytes ahead of everything else, of a proxy. */
  readonly first?: Uint8Array
  /** The way is encrypted; a ticket of an earlier connection saves the server the dearer part. */
  readonly tls?: { readonly session?: Buffer | undefined }
}

/**
 * A client of the control link that costs little itself: it looks at lines as texts. Replies are those with an `id`,
 * in the order of the requests.
 */
export class Client {
  /** The greeting, once `open` has resolved. */
  welcome = ""
  closed = false
  bytes = 0
  onEvent: (line: string) => void = () => {}
  onClose: () => void = () => {}
  #rest = ""
  #requests = 0
  #waiting: Array<(line: string | undefined) => void> = []

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true)
    socket.on("data", (data) => this.#read(data))
    socket.on("end", () => socket.end())
    socket.on("error", () => {})
    socket.on("close", () => {
      this.closed = true
      for (const resolve of this.#waiting.splice(0)) resolve(undefined)
      this.onClose()
    })
  }

  /** Resolves with the greeting; `undefined` when the connection was refused, or ended before it. */
  static open({ first, from, host = "127.0.0.1", port, tls }: Place): Promise<Client | undefined> {
    return new Promise((resolve) => {
      const where = { port, host, allowHalfOpen: true, ...(from === undefined ? {} : { localAddress: from }) }
      const client = new Client(
        tls === undefined
          ? connect(where)
          : connectTls({ ...where, rejectUnauthorized: false, ...(tls.session && { session: tls.session }) })
      )
      if (first !== undefined) client.socket.write(first)
      client.onClose = () => resolve(undefined)
      client.onEvent = (line) => {
        client.welcome = line
        client.onEvent = client.onClose = () => {}
        if (line.includes('"_tag":"Welcome"')) resolve(client)
        else client.onClose = () => resolve(undefined)
      }
    })
  }

  /** The reply, or `undefined` when the connection ended. `fields` is JSON without the braces, from the second on. */
  request(tag: string, fields = ""): Promise<string | undefined> {
    if (this.closed) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.socket.write(this.line(tag, fields))
    })
  }

  /** Several requests in one write; resolves with their replies. */
  requests(lines: ReadonlyArray<readonly [tag: string, fields: string]>): Promise<ReadonlyArray<string | undefined>> {
    const replies = lines.map(() => new Promise<string | undefined>((resolve) => this.#waiting.push(resolve)))
    this.socket.write(lines.map(([tag, fields]) => this.line(tag, fields)).join(""))
    return Promise.all(replies)
  }

  /** Sends what is not answered. */
  tell(line: string | Uint8Array): void {
    if (!this.closed) this.socket.write(line)
  }

  /** A request that somebody else sends. */
  line(tag: string, fields = ""): string {
    return `{"_tag":"${tag}","id":${++this.#requests}${fields === "" ? "" : `,${fields}`}}\n`
  }

  register(nick: string, fields = ""): Promise<string | undefined> {
    return this.request("Register", `"nick":"${nick}","endpoints":["127.0.0.1:50000"]${fields}`)
  }

  /** Ends this side, and resolves when the other has ended too. */
  end(): Promise<void> {
    if (this.closed) return Promise.resolve()
    return new Promise((resolve) => {
      this.onClose = resolve
      this.socket.end()
    })
  }

  #read(data: Buffer): void {
    this.bytes += data.length
    const lines = (this.#rest + data.toString("latin1")).split("\n")
    this.#rest = lines.pop()!
    for (const line of lines) {
      if (line.includes('"id":')) this.#waiting.shift()?.(line)
      else this.onEvent(line)
    }
  }
}

/** Registered, or `undefined` when that did not work. */
export const registered = async (place: Place, nick: string): Promise<Client | undefined> => {
  const client = await Client.open(place)
  if (client === undefined) return undefined
  if ((await client.register(nick))?.includes('"_tag":"Registered"')) return client
  client.socket.destroy()
  return undefined
}

/** As many as asked for, registered as `name(i)`, at most `AT_ONCE` at a time. Throws when one is not let in. */
export const crowd = async (place: Place, size: number, name: (index: number) => string): Promise<Array<Client>> => {
  const clients: Array<Client> = []
  for (let from = 0; from < size; from += AT_ONCE) {
    const indices = Array.from({ length: Math.min(AT_ONCE, size - from) }, (_, index) => from + index)
    clients.push(
      ...(await Promise.all(
        indices.map(async (index) => {
          const client = await registered({ from: source(index), ...place }, name(index))
          if (client === undefined) throw new Error(`${name(index)} was not let in`)
          return client
        })
      ))
    )
  }
  return clients
}

/** Addresses of this machine that limits are not for; enough of them that no port runs out. */
const source = (index: number): string => `127.0.${1 + ((index >> 8) % 200)}.${1 + (index % 250)}`

const AT_ONCE = 200

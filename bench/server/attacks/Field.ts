import { Client } from "../Client.js"
import { attackAddress } from "../Namespace.js"
import { wait } from "../Stage.js"

/** Where an attack takes place, and what attacks are made of. Everything ends when its time is over. */
export class Field {
  readonly clients: Array<Client> = []
  #until = Number.POSITIVE_INFINITY

  constructor(
    readonly port: number,
    readonly host: string,
    readonly ms: number,
    readonly tls: boolean
  ) {}

  begin(): void {
    this.#until = performance.now() + this.ms
  }

  get over(): boolean {
    return performance.now() >= this.#until
  }

  get left(): number {
    return Math.max(0, this.#until - performance.now())
  }

  /** `undefined` when it is refused, or not greeted soon. */
  async open(from: string, session?: Buffer): Promise<Client | undefined> {
    const tls = this.tls ? { tls: { session } } : {}
    const opened = Client.open({ port: this.port, host: from.includes(":") ? "2001:db8::1" : this.host, from, ...tls })
    return Promise.race([opened, wait(GREETING_MS).then(() => undefined)])
  }

  /** Connections from as many addresses as needed, `each` of every one. Those that are not let in are left out. */
  async connect(count: number, options: Connect = {}): Promise<ReadonlyArray<Client>> {
    const { address = attackAddress, each = 16, name } = options
    const opened: Array<Client> = []
    let next = 0
    const lane = async () => {
      while (next < count && !this.over) {
        const index = next++
        const client = await this.open(address(Math.floor(index / each)))
        if (client === undefined) continue
        if (name !== undefined && !(await client.register(name(index)))?.includes('"Registered"')) continue
        opened.push(client)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    this.clients.push(...opened)
    return opened
  }

  /** Each client sends these lines, `perSecond` of them, for the whole time; replies are not looked at. */
  async send(clients: ReadonlyArray<Client>, perSecond: number, line: Line): Promise<void> {
    for (const { socket } of clients) socket.removeAllListeners("data").resume()
    const start = performance.now()
    let sent = 0
    while (!this.over) {
      const due = Math.floor(((performance.now() - start) / 1_000) * perSecond)
      const count = Math.min(due - sent, MAX_BATCH)
      sent = due
      if (count > 0) {
        for (const [index, client] of clients.entries()) {
          if (client.closed || client.socket.writableLength > MAX_WAITING) continue
          client.tell(join(line, index, count))
        }
      }
      await wait(TICK_MS)
    }
  }

  /** `work` again and again with a connection from ever new addresses; it closes the connection itself. */
  async again(lanes: number, address: (index: number) => string, work: (from: string, index: number) => Promise<void>) {
    let next = 0
    const lane = async () => {
      while (!this.over) {
        const index = next++
        await work(address(index), index)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return next
  }

  rest(): Promise<void> {
    return wait(this.left)
  }
}

export interface Connect {
  readonly address?: (index: number) => string
  /** Connections of an address: as many as the server allows, unless said otherwise. */
  readonly each?: number
  /** Registered, under these names; only connected when left out. */
  readonly name?: (index: number) => string
}

/** The same bytes again and again, or the n-th line of a client. */
export type Line = Buffer | ((client: number) => string | Buffer)

const join = (line: Line, client: number, count: number): Buffer => {
  if (Buffer.isBuffer(line)) return count === 1 ? line : Buffer.concat(Array.from({ length: count }, () => line))
  return Buffer.concat(Array.from({ length: count }, () => Buffer.from(line(client))))
}

const LANES = 64
/** ms after which an attacker tries elsewhere; where the server has no files left, nobody is greeted. */
const GREETING_MS = 3_000
const TICK_MS = 20
/** Lines of one client at once. */
const MAX_BATCH = 50
/** Bytes: an attacker whom the server reads no more does not fill his own memory. */
const MAX_WAITING = 256 * 1024

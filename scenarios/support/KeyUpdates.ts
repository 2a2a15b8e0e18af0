import { createCipheriv, createHmac } from "node:crypto"
import { once } from "node:events"
import { connect, type Socket, type TcpNetConnectOpts } from "node:net"
import { Duplex } from "node:stream"
import { connect as connectTls, type TLSSocket } from "node:tls"

/**
 * A client of TLS 1.3 that says what Node's cannot: new keys, as often as one likes (RFC 8446, §4.6.3). They are made
 * by hand, of the secret that Node logs; from the first of them on, Node's own end can say nothing any more.
 */
export class KeyUpdates {
  #secret: Buffer
  #sequence: number

  private constructor(
    readonly tcp: Socket,
    readonly tls: TLSSocket,
    secret: Buffer
  ) {
    this.#secret = secret
    this.#sequence = 0
  }

  static async open(where: TcpNetConnectOpts): Promise<KeyUpdates> {
    const tcp = connect({ ...where, noDelay: true })
    tcp.on("error", () => {})
    const way = new Duplex({ read: () => {}, write: (chunk, _, done) => void tcp.write(chunk, () => done()) })
    tcp.on("data", (data) => way.push(data))
    let secret: Buffer | undefined
    const tls = connectTls({ socket: way, rejectUnauthorized: false, ciphers: "TLS_AES_128_GCM_SHA256" })
    tls.on("error", () => {})
    tls.on("keylog", (line) => {
      const [label, , hex = ""] = line.toString().trim().split(" ")
      if (label === "CLIENT_TRAFFIC_SECRET_0") secret = Buffer.from(hex, "hex")
    })
    await once(tls, "secureConnect")
    return new KeyUpdates(tcp, tls, secret!)
  }

  /** Says this as a record of its own. */
  say(text: string): void {
    this.#sequence++
    this.tls.write(text)
  }

  /** So many KeyUpdates. `requested`: each asks the other side for one, too. */
  updates(count: number, requested: boolean): Buffer {
    const update = Buffer.of(24, 0, 0, 1, requested ? 1 : 0)
    const records = Array.from({ length: count }, () => {
      const made = this.record(22, update)
      this.#secret = expand(this.#secret, "traffic upd", 32)
      this.#sequence = 0
      return made
    })
    return Buffer.concat(records)
  }

  /** A record with this inside, of this type (23: data). */
  record(type: number, inside: Buffer): Buffer {
    const nonce = expand(this.#secret, "iv", 12)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence++) >>> 0, 8)
    const header = Buffer.of(23, 3, 3, 0, 0)
    header.writeUInt16BE(inside.length + 17, 3)
    const cipher = createCipheriv("aes-128-gcm", expand(this.#secret, "key", 16), nonce).setAAD(header)
    const sealed = Buffer.concat([cipher.update(inside), cipher.update(Buffer.of(type)), cipher.final()])
    return Buffer.concat([header, sealed, cipher.getAuthTag()])
  }
}

/** HKDF-Expand-Label (§7.1) of SHA-256, up to 32 bytes. */
const expand = (secret: Buffer, label: string, length: number): Buffer => {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)])
  return Buffer.from(createHmac("sha256", secret).update(info).digest().subarray(0, length))
}

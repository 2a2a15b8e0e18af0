import type * as Endpoint from "../../domain/Endpoint.js"
import type { ClientContext } from "./ClientContext.js"
import type { ServerNotTrusted } from "./ClientError.js"
import type { LinkSeen } from "./ClientMachineOptions.js"
import { failed } from "./ErrorTexts.js"
import type { Dialled, Wish } from "./Output.js"
import type { Purpose } from "./Purpose.js"
import type { Registration } from "./Registration.js"
import type { Asked } from "./Rendezvous.js"
import type { ServerLink } from "./ServerLink.js"
import type { ServerTrusts } from "./ServerTrusts.js"

/** Which servers are dialled, and whether the one that is found there may be used. */
export class Servers {
  /** What was wrong with a server while there was another one to try. */
  #distrusted: ServerNotTrusted | undefined
  #hasLeft = false

  /** `wallNow` is this machine's clock, ms since 1970 UTC: a server, who tells the time, is judged by that alone. */
  constructor(
    private readonly client: ClientContext,
    private readonly link: ServerLink<Asked<Purpose>> | undefined,
    private readonly trust: ServerTrusts,
    private readonly registration: Registration,
    private readonly wallNow: () => number
  ) {}

  handleConnected(local: Endpoint.Endpoint, remote: Endpoint.Endpoint, now: number, how: LinkSeen): void {
    const { server = 0, tls: { certificate, exporter } = {}, via } = how
    const seen = { remote, certificate, via }
    const error = this.trust.judge(server, seen, this.registration.profile?.servers, this.wallNow())
    if (error !== undefined) {
      this.#refuse(error, server, now)
      return
    }
    this.#distrusted = undefined
    // Where the server itself is, a proxy does not tell.
    const place = via?.proxy === undefined ? remote : undefined
    this.link?.handleConnected(local, place, now, { exporter, server })
  }

  handleFound(server: number): void {
    this.link?.handleBetter(`${this.trust.nameOf(server)} answers again`)
  }

  handleNoTls(message: string, now: number, server: number): void {
    this.#refuse(this.trust.unencrypted(server, message, this.registration.profile?.servers), server, now)
    this.handleDisconnected(message, now)
  }

  handleDisconnected(message: string, now: number): void {
    this.link?.handleDisconnected(message, now)
    if (this.#distrusted !== undefined && this.link?.hasOther === false)
      this.registration.distrusted(this.#distrusted, true, now)
  }

  pollWish(): Wish | undefined {
    const dialled = this.link?.pollDial()
    if (dialled !== undefined) return { _tag: "Dial", servers: this.#encrypted(dialled) }
    const looked = this.link?.pollLook()
    return looked === undefined || this.#isRelayed ? undefined : { _tag: "Look", servers: this.#encrypted(looked) }
  }

  /** What is wrong with a server concerns nobody any more. */
  leave(): void {
    this.#hasLeft = true
  }

  #encrypted(servers: ReadonlyArray<number>): ReadonlyArray<Dialled> {
    const pins = this.registration.profile?.servers
    return servers.map((server) => ({ server, encrypted: this.trust.shallEncrypt(server, pins) }))
  }

  /** Whether a conversation would break with the link to this server, which carries its packets. */
  get #isRelayed(): boolean {
    return this.client.conversations.all().some(({ connected, path }) => connected && path === "relay")
  }

  /** The connection to the server is not to be used. Who waits is answered when no other server is of use either. */
  #refuse(error: ServerNotTrusted, server: number, now: number): void {
    this.link?.distrust(error.message, server)
    const isRepeated = this.trust.isRepeated(server, error.message)
    if (this.#hasLeft) return
    if (this.link?.hasOther !== true) this.registration.distrusted(error, isRepeated, now)
    else {
      this.#distrusted = error
      if (!isRepeated) this.client.output.tell(failed(error))
    }
  }
}

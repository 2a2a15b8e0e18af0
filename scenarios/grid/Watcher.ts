import type { ClientEvent } from "../../src/core/client/Events.js"
import type { Way } from "./Places.js"

/** Notes when things came about for one person, in virtual ms. */
export class Watcher {
  incomingAt: number | undefined
  /** When each message was shown. */
  readonly messagesAt: Array<number> = []
  /** Since when the conversation has not been on a relay. */
  directAt: number | undefined
  way: Way | undefined
  /** How often the conversation changed its path after its beginning, or was interrupted. */
  changes = 0

  constructor(private readonly now: () => number) {}

  see(event: ClientEvent): void {
    if (event._tag === "Incoming") this.incomingAt ??= this.now()
    if (event._tag === "Message") this.messagesAt.push(this.now())
    if (event._tag === "Connected") this.move(event.path.kind)
    if (event._tag !== "Disconnected" && event._tag !== "PathChanged") return
    this.changes++
    this.move(event._tag === "Disconnected" ? undefined : event.path.kind)
  }

  private move(way: Way | undefined): void {
    this.way = way
    if (way === undefined || way === "relay") this.directAt = undefined
    else this.directAt ??= this.now()
  }
}

import { Contacts } from "../../src/core/client/Contacts.js"
import { Groups } from "../../src/core/client/groups/Groups.js"
import type { OwnProfile } from "../../src/core/client/OwnRecord.js"
import { ServerPins } from "../../src/core/client/ServerPins.js"
import type { Entry } from "../../src/core/journal/Entry.js"
import * as Identity from "../../src/domain/Identity.js"
import { Disk } from "../../src/layers/memory/Disk.js"
import type { Victim } from "../../src/sim/faults/Faults.js"
import { LocalClock } from "../../src/sim/kernel/LocalClock.js"
import type { Process } from "../../src/sim/kernel/Process.js"
import type { Host } from "../../src/sim/network/Host.js"
import type { World } from "../../src/sim/World.js"
import type { GroupLedger } from "../product/GroupLedger.js"
import type { Ledger } from "../product/Ledger.js"
import { BareClient } from "./BareClient.js"
import { BareJournal } from "./BareJournal.js"
import type { Person } from "./Script.js"

/**
 * Somebody with a machine that can fail, and with a client as plain callbacks on it in each of its lives. The profile,
 * but for the journal, is on a disk that loses nothing.
 */
export class BarePerson implements Victim {
  /** The client, while one runs. */
  client: BareClient | undefined
  /** Of its disk, the time that it takes counts. */
  readonly disk = new Disk()
  readonly clock: LocalClock
  tornWrites = false
  readonly journal = new BareJournal()
  /** Of a user who was here before: an identity that is new would go with the first registration that fails. */
  readonly profile: OwnProfile
  #lives = 0

  constructor(
    private readonly world: World,
    readonly host: Host,
    private readonly ledger: Ledger,
    private readonly groups: GroupLedger,
    private readonly person: Person
  ) {
    const { crypto, kernel } = world
    this.clock = new LocalClock(kernel.epoch)
    const { journal } = this
    const seed = kernel.rng.fork(`profile/${host.name}`).fill(new Uint8Array(32))
    this.profile = {
      identity: Identity.fromSeed(crypto, seed),
      contacts: new Contacts(),
      servers: ServerPins.empty(),
      groups: new Groups(),
      persistent: true,
      location: "memory",
      journal: {
        past: (peer) => journal.ledger.past(peer),
        waiting: () => journal.ledger.waiting(),
        accepts: (peer, length) => journal.ledger.accepts(peer, length)
      }
    }
    world.machines.set(host.name, this)
    this.boot()
  }

  get name(): string {
    return this.host.name
  }

  get process(): Process {
    return this.host.process
  }

  boot(): void {
    if (this.client?.machine.hasLeft === false) return
    // One that still says goodbye makes room.
    this.kill()
    const { host, world } = this
    const life = this.#lives++
    const process = world.kernel.process(life === 0 ? host.name : `${host.name}+${life}`, this.clock)
    host.process = process
    host.powered = true
    this.journal.open()
    this.client = new BareClient(world, host, process, this.ledger, this.groups, this, this.person)
  }

  crash(): void {
    if (this.client === undefined) return
    this.#end()
    this.host.forgetSockets()
    const survive = (unflushed: number) => (this.tornWrites ? this.host.rng.between(0, unflushed) : 0)
    for (const entry of this.journal.losePower(survive)) this.#forget(entry)
  }

  kill(): void {
    if (this.client === undefined) return
    this.#end()
    this.host.closeSockets()
  }

  /** Says goodbye, and is gone when the server has heard it or half a second has passed. */
  quit(): void {
    const { client } = this
    client?.quit(() => {
      if (this.client === client) this.kill()
    })
  }

  drift(ppm: number): void {
    if (this.client === undefined) this.clock.drift(ppm, this.world.kernel.now)
    else this.process.drift(ppm)
  }

  #forget(entry: Entry): void {
    const { groups, ledger, name } = this
    const nick = this.journal.ledger.nick(entry.peer)
    if (entry._tag === "Accepted" || entry._tag === "Delivered") {
      const what = entry._tag === "Accepted" ? "accepted" : "delivered"
      ledger.forgets(name, what, entry.id)
      if (nick !== undefined) groups.forgets(what, entry.id, nick)
    }
    if (entry._tag === "Shown") {
      for (const id of entry.ids) {
        ledger.forgets(name, "shown", id)
        groups.forgets("shown", id, name)
      }
    }
    if (entry._tag === "Dropped" && nick !== undefined) ledger.forgetsLeaving(name, nick)
  }

  #end(): void {
    this.process.kill()
    this.client = undefined
  }
}

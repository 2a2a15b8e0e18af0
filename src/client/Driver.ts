import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientError } from "../core/client/ClientError.js"
import type { ClientMachine } from "../core/client/ClientMachine.js"
import type { ClientOutput, HistoryNote, Ticket, Wish } from "../core/client/Output.js"
import type { ServerOutput } from "../core/client/ServerLink.js"
import type { JournalEntry } from "../core/peer/Journal.js"
import type { Peers } from "../core/peer/Peers.js"
import type { Endpoint } from "../domain/Endpoint.js"
import * as Alarm from "../services/Alarm.js"
import type { Datagrams, DatagramsError } from "../services/Datagrams.js"
import * as Time from "../services/Time.js"
import * as Timer from "../services/Timer.js"
import * as UdpSockets from "./UdpSockets.js"

/**
 * The driver of a client's machine: its sockets for peers, one alarm, and the rule that every input is followed by a
 * complete, synchronous drain: every command and timeout, and every burst of datagrams.
 */
export interface Driver extends PeerDriver {
  readonly machine: ClientMachine
  readonly ports: UdpSockets.UdpSockets["ports"]
  /**
   * Calls the machine, then drains it. From within a handler, the drain is left to the loop that called the handler.
   */
  readonly drive: <A>(use: (machine: ClientMachine, now: number) => A) => A
  /**
   * Calls the machine and has it written down what follows. The rest is drained with everything else that this turn of
   * the event loop brings, or by `settle`: for calls of which there may be thousands in a turn.
   */
  readonly note: <A>(use: (machine: ClientMachine, now: number) => A) => A
  /** Drains what `note` has left, at once. */
  readonly settle: () => void
  /** The time that the machine is told, for questions that change nothing in it. */
  readonly now: () => number
  /** Makes a call of the user, and waits for its answer. Interrupting it tells the machine that nobody waits. */
  readonly ask: <A, E>(call: (machine: ClientMachine, now: number) => Ticket<A, E>) => Effect.Effect<A, E>
  /** Opens sockets for guesses at ports, or closes them. */
  readonly changeSockets: (wish: Extract<Wish, { readonly _tag: `${string}Sockets` }>) => Effect.Effect<void>
  /** Once: says who takes what the machine has for others, and drains for the first time. */
  readonly start: (handlers: DriverHandlers) => void
}

/** What those rooms of a client see of its driver that know of nothing but peers. */
export interface PeerDriver {
  /** Calls the peer machine, then drains; `undefined` before the first registration, when there is none. */
  readonly drivePeers: <A>(use: (peers: Peers, now: number) => A) => A | undefined
}

/** Called synchronously, from within the drain; must not throw. All may call the driver. */
export interface DriverHandlers {
  readonly event: (output: ClientOutput) => void
  readonly remember: (note: HistoryNote) => void
  /** Entries in order; whether they are written, so that what waits for them may go on. */
  readonly journal: (entries: ReadonlyArray<JournalEntry>) => boolean
  readonly wish: (wish: Wish) => void
  readonly sendToServer: (output: ServerOutput) => void
  readonly sendOnLan: (to: Endpoint, data: Uint8Array) => void
}

/** Binds the sockets, then makes the machine that knows their ports. Datagrams before `start` are lost. */
export const make = (
  create: (ports: UdpSockets.UdpSockets["ports"], time: Time.Time) => ClientMachine
): Effect.Effect<Driver, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const loop = new Loop(time, yield* Timer.makeSoon)
    const alarm = yield* Alarm.make((now) => loop.ring(now))
    const sockets = yield* UdpSockets.make({
      onDatagram: (from, data, socket) => loop.receive(from, data, socket),
      onIdle: () => loop.hear()
    })
    const machine = create(sockets.ports, time)
    return {
      machine,
      ports: sockets.ports,
      drive: (use) => loop.drive(machine, use),
      note: (use) => loop.note(machine, use),
      settle: () => loop.settle(),
      now: () => loop.now,
      drivePeers: (use) => loop.drive(machine, (client, now) => client.peers && use(client.peers, now)),
      ask: (call) =>
        Effect.async((resume) => {
          const ticket = loop.drive(machine, (client, now) => {
            const made = call(client, now)
            loop.waiters.set(made, (result) => resume(result as Effect.Effect<never>))
            return made
          })
          return Effect.sync(() => {
            if (loop.waiters.delete(ticket)) loop.drive(machine, (client, now) => client.cancel(ticket, now))
          })
        }),
      changeSockets: ({ _tag, sockets: numbers }) =>
        _tag === "CloseSockets"
          ? sockets.close(numbers)
          : Effect.map(sockets.open(numbers), (opened) =>
              loop.drive(machine, (client, now) => client.handleOpened(opened, now))
            ),
      start: (handlers) => loop.start(machine, sockets, alarm, handlers)
    }
  })

/** What calls back as soon as all that is under way has come to an end or waits for something. */
const afterwards = (run: () => void): void => void Promise.resolve().then(run)

class Loop {
  /** Calls of the user that wait for their answer. */
  readonly waiters = new Map<Ticket<unknown>, (result: Effect.Effect<unknown, ClientError>) => void>()
  #running: Running | undefined
  #draining = false
  /** Something was done to the machine since the drain began. */
  #again = false
  /** While draining: a reading of the clock costs as much as a look at a small packet. */
  #now = 0

  /** `note` has left something to drain. */
  #isDue = false
  /** `settle` is called soon in any case. */
  #isSoon = false

  constructor(
    private readonly time: Time.Time,
    private readonly soon: (run: () => void) => void
  ) {}

  start(machine: ClientMachine, sockets: UdpSockets.UdpSockets, alarm: Alarm.Alarm, handlers: DriverHandlers): void {
    this.#running = { machine, sockets, alarm, handlers }
    this.drain(this.time.monotonic())
  }

  drive<A>(machine: ClientMachine, use: (machine: ClientMachine, now: number) => A): A {
    const now = this.now
    const result = use(machine, now)
    this.#again = true
    this.drain(now)
    return result
  }

  note<A>(machine: ClientMachine, use: (machine: ClientMachine, now: number) => A): A {
    if (this.#draining || this.#running === undefined) return this.drive(machine, use)
    const now = this.time.monotonic()
    const result = use(machine, now)
    const entries = entriesOf(machine)
    if (entries !== undefined) this.#write(this.#running, entries, now)
    this.#isDue = true
    if (!this.#isSoon) {
      this.#isSoon = true
      this.soon(() => {
        this.#isSoon = false
        this.settle()
      })
    }
    return result
  }

  settle(): void {
    if (this.#isDue) this.drain(this.time.monotonic())
  }

  receive(from: Endpoint, data: Uint8Array, socket: number | undefined): void {
    this.#running?.machine.handleDatagram(from, data, this.now, socket)
  }

  /**
   * A burst of datagrams has come in. What the application answers at once is to leave with what else there is to send,
   * and it has its turn as soon as we are done here: so after a few events the rest is left until then. With many it
   * would take its time, for which the peer would wait.
   */
  hear(): void {
    const running = this.#running
    if (running === undefined || this.#draining) return
    const now = this.time.monotonic()
    this.#draining = true
    this.#now = now
    const told = this.#tell(running)
    this.#draining = false
    if (told > 0 && told <= A_FEW) {
      this.#isDue = true
      this.#isSoon = true
      afterwards(() => {
        this.#isSoon = false
        this.settle()
      })
    } else this.drain(now)
  }

  ring(now: number): void {
    this.#running?.machine.handleTimeout(now)
    this.drain(now)
  }

  drain(at: number): void {
    const running = this.#running
    if (running === undefined || this.#draining) return
    this.#draining = true
    this.#isDue = false
    this.#now = at
    for (let more = true, hasSent = false; more; this.#now = this.time.monotonic()) {
      this.#again = false
      const told = this.#tell(running)
      const entries = entriesOf(running.machine)
      // What was sent may have caused something, and rarely has: then there is nothing more to send either.
      if (entries === undefined && told === 0 && hasSent && !this.#again) break
      hasSent = entries === undefined ? this.#transmit(running) : this.#writeAndTransmit(running, entries)
      more = hasSent || this.#again
    }
    this.#draining = false
    running.alarm.set(running.machine.pollTimeout())
  }

  /**
   * A message of ours is written down before it leaves. That theirs was shown is written right after the packet that
   * says so: whoever is killed between the two is shown nothing again, for its sender does not repeat it.
   */
  #writeAndTransmit(running: Running, entries: ReadonlyArray<JournalEntry>): boolean {
    if (!entries.every(isOfShown)) {
      this.#write(running, entries, this.#now)
      return this.#transmit(running)
    }
    running.machine.written(entries, this.#now)
    const hasSent = this.#transmit(running)
    // Where it is written later, the consumer waits for that.
    running.handlers.journal(entries)
    return hasSent
  }

  /** Has these written down, in one piece: what waits for them leaves in what follows. */
  #write({ handlers, machine }: Running, entries: ReadonlyArray<JournalEntry>, now: number): void {
    if (handlers.journal(entries)) machine.written(entries, now)
  }

  /**
   * What the application answers to an event leaves in the packet that acknowledges it: so events come first. How much
   * there was.
   */
  #tell({ handlers, machine }: Running): number {
    const now = this.#now
    let told = 0
    for (let event = machine.pollEvent(now); event !== undefined; event = machine.pollEvent(now)) {
      handlers.event(event)
      told++
    }
    for (let note = machine.pollHistory(); note !== undefined; note = machine.pollHistory()) handlers.remember(note)
    for (let answer = machine.pollAnswer(); answer !== undefined; answer = machine.pollAnswer()) {
      const waiter = this.waiters.get(answer.ticket)
      this.waiters.delete(answer.ticket)
      waiter?.(
        answer.result instanceof Error ? Effect.fail(answer.result as ClientError) : Effect.succeed(answer.result)
      )
      told++
    }
    return told
  }

  /** Whether anything has left that more may follow from. */
  #transmit({ handlers, machine, sockets }: Running): boolean {
    const now = this.#now
    let hasSent = false
    for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
      hasSent = true
      if (packet.route._tag !== "Direct") continue
      const isDone = sockets.send(packet.route.endpoint, packet.data, packet.route.socket)
      machine.peers?.memory.release(isDone)
    }
    for (let output = machine.pollServer(); output !== undefined; output = machine.pollServer())
      handlers.sendToServer(output)
    for (let packet = machine.pollLanTransmit(); packet !== undefined; packet = machine.pollLanTransmit())
      handlers.sendOnLan(packet.to, packet.data)
    for (let wish = machine.pollWish(); wish !== undefined; wish = machine.pollWish()) handlers.wish(wish)
    return hasSent
  }

  /** While draining: as the drain has it. */
  get now(): number {
    return this.#draining ? this.#now : this.time.monotonic()
  }
}

/** All that is to be written down, if there is anything. */
const entriesOf = (machine: ClientMachine): ReadonlyArray<JournalEntry> | undefined => {
  let entry = machine.pollJournal()
  if (entry === undefined) return undefined
  const entries: Array<JournalEntry> = []
  for (; entry !== undefined; entry = machine.pollJournal()) entries.push(entry)
  return entries
}

/** Whether it says what became of a message, with which no message of ours leaves. */
const isOfShown = ({ _tag }: JournalEntry): boolean => _tag === "Shown" || _tag === "Delivered"

/** Events that an application has looked at in less time than a packet takes to be sent. */
const A_FEW = 16

interface Running {
  readonly machine: ClientMachine
  readonly sockets: UdpSockets.UdpSockets
  readonly alarm: Alarm.Alarm
  readonly handlers: DriverHandlers
}

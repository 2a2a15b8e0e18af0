import type { Conversation } from "../../../src/core/client/Conversations.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"
import { type Person, type Profiles, World } from "./World.js"

/** What a user must see, whatever the network, the server and the others do. */
export class Model {
  readonly world: World
  readonly users: ReadonlyArray<User>
  readonly #rng: Rng

  constructor(readonly seed: number) {
    this.world = new World(seed)
    this.#rng = new Rng(seed * 7 + 1)
    this.world.startServer()
    this.users = ["alice", "bob", "carol"].map((name) => new User(this.world, name))
    this.world.pass(2_000)
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#step()
      for (const user of this.users) user.check(this.users, `seed ${this.seed}, step ${step}`)
    }
  }

  /** Everything works again and everybody asks for everybody: what was promised must come true. */
  heal(): void {
    this.world.loss = 0
    this.world.startServer()
    this.world.pass(60_000)
    for (const user of this.users) user.person.reads = true
    for (const user of this.users) for (const other of this.users) if (user !== other) user.query(other)
    this.world.pass(60_000)
    for (const user of this.users) {
      user.check(this.users, `seed ${this.seed}, in the end`)
      user.checkAll(this.users, `seed ${this.seed}`)
    }
  }

  #step(): void {
    const rng = this.#rng
    const user = rng.pick(this.users)
    const other = rng.pick(this.users.filter((one) => one !== user))
    const what = rng.below(100)
    if (what < 30) user.say(other)
    else if (what < 50) user.query(other)
    else if (what < 55) user.leave(other)
    else if (what < 60) user.person.breakLink()
    else if (what < 64) user.restart()
    else if (what < 68) this.world.stopServer(rng.chance(0.5))
    else if (what < 76) this.world.startServer()
    else if (what < 80) this.world.loss = rng.pick([0, 0, 0.1, 0.3])
    else if (what < 84) user.person.reads = !user.person.reads
    if (user.person.reads) user.person.drain()
    this.world.pass(rng.pick([0, 0, 5, 30, 200, 2_000, 40_000]))
  }
}

interface Said {
  readonly text: string
  /** The writer has left since: it need not arrive, if it has not yet. */
  mayVanish: boolean
}

/** A person, over all lives of their program, and what they must see. */
export class User {
  readonly #profiles: Profiles = new Map()
  readonly #said = new Map<string, Array<Said>>()
  readonly #consents = new Set<string>()
  readonly #lives: Array<Person> = []
  #count = 0

  constructor(
    private readonly world: World,
    readonly name: string
  ) {
    this.#start()
  }

  get person(): Person {
    return this.#lives.at(-1)!
  }

  say(other: User): void {
    const text = `${this.name} ${++this.#count}`
    const refused = this.person.say(other.name, text)
    if (refused !== undefined) return
    if (!this.#consents.has(other.name)) throw new Error(`seed ${this.world.seed}: ${text} to somebody not asked for`)
    this.#saidTo(other).push({ text, mayVanish: false })
  }

  query(other: User): void {
    const { person } = this
    const ticket = person.drive((machine, now) => machine.query(other.name, now))
    // Consent is given when the answer comes; and an earlier process's stays with the messages that wait.
    this.#consents.add(other.name)
    this.world.pass(100)
    const answer = person.answers.get(ticket)
    if (answer instanceof Error || answer === undefined) return
    if ((answer as Conversation).nick !== other.name) throw new Error(`seed ${this.world.seed}: somebody else answered`)
  }

  leave(other: User): void {
    this.#consents.delete(other.name)
    const conversation = this.person.machine.conversations.byNick(other.name)
    if (conversation !== undefined) this.person.drive((machine, now) => machine.leave(conversation, now))
    else this.person.drive((machine, now) => machine.dropPending(other.name, now))
    for (const said of this.#saidTo(other)) said.mayVanish = true
  }

  restart(): void {
    this.person.kill()
    this.world.pass(10)
    this.#start()
  }

  /** At once, and all the time: what is shown was said, is shown once, and in order. */
  check(others: ReadonlyArray<User>, when: string): void {
    for (const other of others) {
      const heard = this.heard(other)
      let at = 0
      for (const text of heard) {
        const found = other.#saidTo(this).findIndex((said, index) => index >= at && said.text === text)
        if (found < 0) throw new Error(`${when}: ${this.name} was shown "${text}" again, too late, or for nothing`)
        at = found + 1
      }
    }
  }

  /** In the end: all of it is shown, the nickname is held, and nobody who is there is believed to have left. */
  checkAll(others: ReadonlyArray<User>, when: string): void {
    for (const other of others) {
      if (other === this) continue
      const heard = new Set(this.heard(other))
      const missing = other.#saidTo(this).filter(({ mayVanish, text }) => !mayVanish && !heard.has(text))
      if (missing.length > 0) throw new Error(`${when}: ${this.name} was not shown ${JSON.stringify(missing)}`)
      // What an earlier link told proves nothing.
      const since = this.person.log.findLastIndex((event) => event._tag === "Registered")
      const last = this.person.log
        .slice(since)
        .findLast((event) => (event._tag === "Joined" || event._tag === "Left") && event.nick === other.name)
      if (last?._tag === "Left") throw new Error(`${when}: ${this.name} believes that ${other.name} is gone`)
    }
    const listed = this.person.ask((machine, now) => machine.list(now))
    const names = listed instanceof Error ? listed.message : listed.map(({ nick }) => nick).join()
    if (names !== others.map(({ name }) => name).join()) throw new Error(`${when}: ${this.name} is listed: ${names}`)
  }

  heard(other: User): ReadonlyArray<string> {
    return this.#lives.flatMap((life) => life.heard(other.name))
  }

  #saidTo(other: User): Array<Said> {
    const known = this.#said.get(other.name) ?? []
    this.#said.set(other.name, known)
    return known
  }

  #start(): void {
    const person = this.world.person(this.name, this.#profiles)
    this.#lives.push(person)
    person.drive((machine, now) => machine.register(this.name, now))
  }
}

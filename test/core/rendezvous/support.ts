import * as Either from "effect/Either"
import type { RegistryChange, RegistryMachine } from "../../../src/core/rendezvous/RegistryMachine.js"
import {
  type Command,
  type RegistryCommand,
  Session,
  type SessionOptions
} from "../../../src/core/rendezvous/Session.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import type { Claim, Registration, VerifiedIdentity } from "../../../src/domain/Registration.js"
import { SessionId } from "../../../src/domain/Registration.js"
import { defaults } from "../../../src/server/ServerOptions.js"
import { fingerprint } from "../../support/ids.js"

export const nickname = (text: string): Nickname.Nickname => Either.getOrThrow(Nickname.parse(text))

export const identity = (name: string): VerifiedIdentity => ({
  key: `key-${name}`,
  fingerprint: fingerprint(`print-${name}`),
  record: `record-${name}`
})

export const claim = (session: string, nick: string, more: Partial<Claim> = {}): Claim => ({
  session: SessionId.make(session),
  nickname: nickname(nick),
  address: `192.0.2.1:${session.length}`,
  endpoints: [],
  ...more
})

export const registration = (nick: string, more: Partial<Registration> = {}): Registration => ({
  nickname: nickname(nick),
  session: SessionId.make(nick),
  epoch: 1,
  identity: undefined,
  address: "192.0.2.1:1",
  endpoints: [],
  since: 0,
  resume: "",
  ...more
})

export const eventsOf = (machine: RegistryMachine): ReadonlyArray<RegistryChange> => {
  const events: Array<RegistryChange> = []
  for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) events.push(event)
  return events
}

export const sessionOptions: SessionOptions = {
  limits: defaults.session,
  welcome: '{"_tag":"Welcome"}\n',
  observed: "192.0.2.1:1000",
  token: undefined,
  allowance: { wait: () => 0, charge: () => {} }
}

/** A session whose registry agrees to everything, and what it wrote. */
export class Script {
  readonly session: Session
  readonly commands: Array<Command> = []
  now = 0

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new Session({ ...sessionOptions, ...options }, 0)
  }

  /** Sends these bytes, runs the commands, and gives the messages that the session wrote. */
  say(input: string | Uint8Array | object): ReadonlyArray<Message> {
    const bytes =
      input instanceof Uint8Array
        ? input
        : Buffer.from(typeof input === "string" ? input : `${JSON.stringify(input)}\n`)
    this.session.handleBytes(new Uint8Array(bytes), this.now)
    return this.run()
  }

  run(): ReadonlyArray<Message> {
    for (let command = this.session.pollCommand(this.now); command; command = this.session.pollCommand(this.now)) {
      this.commands.push(command)
      if (command._tag !== "Relay") this.session.complete(agree(command), this.now)
    }
    return this.written()
  }

  written(): ReadonlyArray<Message> {
    const output = this.session.takeOutput()
    if (output === undefined) return []
    return Buffer.from(output)
      .toString()
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }

  /** Lets the time pass to `now`, with its deadlines. */
  wait(now: number): ReadonlyArray<Message> {
    for (let at = this.session.pollTimeout(); at !== undefined && at <= now; at = this.session.pollTimeout()) {
      this.now = Math.max(this.now, at)
      this.session.handleTimeout(this.now)
      const before = this.session.pollTimeout()
      this.#late.push(...this.run())
      if (this.session.pollTimeout() === before && before !== undefined && before <= this.now) break
    }
    this.now = now
    return this.#late.splice(0)
  }

  readonly #late: Array<Message> = []
}

export interface Message {
  readonly _tag: string
  readonly id?: number
  readonly message?: string
  readonly [field: string]: unknown
}

const agree = (command: RegistryCommand) => {
  switch (command._tag) {
    case "Register":
      return { _tag: "Registered", nick: command.nickname.text, resume: "resume" } as const
    case "List":
      return { _tag: "Page", page: { pieces: [], next: undefined, looked: 0 } } as const
    case "Watch":
      return { _tag: "Watching", version: 7 } as const
    case "Query":
      return {
        _tag: "Introduced",
        half: `"nick":"${command.nick}","address":"192.0.2.2:1","candidates":[],"channel":"c","pairKey":"p"`
      } as const
    case "Unwatch":
      return { _tag: "Unwatched" } as const
    case "Tell":
    case "Update":
      return { _tag: "Updated" } as const
  }
}

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { type Line, LineFraming } from "../protocol/LineFraming.js"
import * as Message from "../protocol/NodeMessage.js"
import type { NodeEntry } from "../protocol/SharedNames.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { ListenError } from "../services/Listener.js"
import { NodeLinks } from "../services/NodeLinks.js"
import * as Timer from "../services/Timer.js"

export interface MeshOptions {
  /** Where this node listens for others. */
  readonly host: string
  readonly port: number
  readonly key: Uint8Array
  /** The nodes that live, by their ids. */
  readonly nodes: () => ReadonlyMap<string, NodeEntry>
}

/** Without its number. */
type Unnumbered<Q> = Q extends { readonly id: number } ? Omit<Q, "id"> : never
export type PeopleQuestion = Unnumbered<Message.PeopleQuestion>
export type OperatorQuestion = Unnumbered<Message.OperatorQuestion>
export type Question = PeopleQuestion | OperatorQuestion
export type Answer = Unnumbered<Message.NodeAnswer>

/** Who answers what other nodes ask about people, and hears what they say of them. */
export interface MeshHandler {
  readonly onQuestion: (question: PeopleQuestion) => Answer
  readonly onNotice: (notice: Message.NodeNotice) => void
}

/** This node's links to the others. */
export interface Mesh {
  /** `done` gets the answer, or `undefined` when there was none within `ANSWER_MS`, or no link; never within this call.
   */
  readonly ask: (node: string, question: Question, done: (answer: Answer | undefined) => void) => void
  /** Whether it is on its way; like a datagram it arrives or not. */
  readonly send: (node: string, notice: Message.NodeNotice) => boolean
  /** From now on these are asked. */
  readonly serve: (handler: MeshHandler) => void
  /** From now on this answers what other nodes say and ask for their operator. */
  readonly agree: (answer: (question: OperatorQuestion) => Answer) => void
}

/**
 * Links to other nodes, each dialled when it is first needed and kept until it breaks or its node is gone. What a node
 * asks goes over the link that it has dialled, and so do the answers; so there are two links between two nodes that
 * both ask.
 */
export const make = (options: MeshOptions): Effect.Effect<Mesh, ListenError, NodeLinks | Scope.Scope> =>
  Effect.gen(function* () {
    const links = yield* NodeLinks
    const runFork = Runtime.runFork(yield* Effect.runtime<never>())
    const mesh = new LiveMesh(options, yield* Timer.make, (at, link) => {
      const dialled = links.dial({ ...at, key: options.key }, (connection) => link.opened(connection))
      const fiber = runFork(
        Effect.scoped(Effect.zipRight(dialled, link.closed)).pipe(
          Effect.catchAll(() => Effect.void),
          Effect.ensuring(Effect.sync(() => link.lost()))
        )
      )
      return () => void runFork(Fiber.interruptFork(fiber))
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => mesh.close()))
    const { host, key, port } = options
    yield* links.listen({ host, port, key }, (connection) => mesh.accept(connection))
    return mesh
  })

type Dial = (at: { readonly host: string; readonly port: number }, link: Link) => () => void

class LiveMesh implements Mesh {
  readonly #options: MeshOptions
  readonly #after: Timer.Timer
  readonly #dial: Dial
  readonly #links = new Map<string, Link>()
  #handler: MeshHandler | undefined
  #agreeing: ((question: OperatorQuestion) => Answer) | undefined

  constructor(options: MeshOptions, after: Timer.Timer, dial: Dial) {
    this.#options = options
    this.#after = after
    this.#dial = dial
  }

  serve(handler: MeshHandler): void {
    this.#handler = handler
  }

  agree(answer: (question: OperatorQuestion) => Answer): void {
    this.#agreeing = answer
  }

  ask(node: string, question: Question, done: (answer: Answer | undefined) => void): void {
    const link = this.#linkTo(node)
    if (link === undefined) this.#after(0, () => done(undefined))
    else link.ask(question, done)
  }

  send(node: string, notice: Message.NodeNotice): boolean {
    return this.#linkTo(node)?.tell(notice) === true
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  /** Another node has dialled us. */
  accept(connection: Connection): ConnectionHandler {
    return reading(connection, (message) => {
      if (message._tag === "Packet" || message._tag === "Ended") this.#handler?.onNotice(message)
      else {
        const answer = this.#answer(message)
        if (answer !== undefined && "id" in message) connection.send(Message.encode({ ...answer, id: message.id }))
      }
    })
  }

  /** `undefined`: that is no question. */
  #answer(message: Message.NodeMessage): Answer | undefined {
    switch (message._tag) {
      case "Introduce":
      case "Tell":
        return this.#handler?.onQuestion(message) ?? NOT_HERE
      case "Decided":
      case "Recall":
      case "Kick":
        return this.#agreeing?.(message) ?? NOT_HERE
      default:
        return undefined
    }
  }

  #linkTo(node: string): Link | undefined {
    const nodes = this.#options.nodes()
    const at = placeOf(nodes.get(node)?.at ?? "")
    const known = this.#links.get(node)
    if (known !== undefined && !known.isLost) return at === undefined ? undefined : known
    for (const [id, link] of this.#links) {
      if (nodes.has(id) && !link.isLost) continue
      link.close()
      this.#links.delete(id)
    }
    if (at === undefined) return undefined
    const link = new Link(this.#after)
    this.#links.set(node, link)
    link.stop = this.#dial(at, link)
    return link
  }
}

/** A link that we have dialled. */
class Link {
  isLost = false
  stop: (() => void) | undefined
  /** Runs as long as the connection lives. */
  readonly closed: Effect.Effect<void>
  readonly #after: Timer.Timer
  readonly #asked = new Map<number, (answer: Answer | undefined) => void>()
  #connection: Connection | undefined
  /** What is said before it is open. */
  #waiting: Array<string> = []
  #questions = 0
  /** Messages that have come. */
  #heard = 0
  #isChecked = false
  #onClosed = () => {}

  constructor(after: Timer.Timer) {
    this.#after = after
    this.closed = Effect.async((resume) => {
      if (this.isLost) resume(Effect.void)
      this.#onClosed = () => resume(Effect.void)
    })
  }

  opened(connection: Connection): ConnectionHandler {
    this.#connection = connection
    for (const line of this.#waiting) connection.send(line)
    this.#waiting = []
    const handler = reading(connection, (message) => {
      this.#heard++
      if (!isAnswer(message)) return
      const done = this.#asked.get(message.id)
      this.#asked.delete(message.id)
      done?.(message)
    })
    return { ...handler, onClose: () => this.lost() }
  }

  /** Says something that nothing answers: now and then it asks, too, whether anything arrives. */
  tell(notice: Message.NodeNotice): boolean {
    if (!this.#isChecked) {
      this.#isChecked = true
      this.#after(CHECK_MS, () => {
        this.#isChecked = false
      })
      this.ask(NOTHING_NEW, () => {})
    }
    return this.send(Message.encode(notice))
  }

  send(line: string): boolean {
    if (this.isLost) return false
    if (this.#connection !== undefined) return this.#connection.send(line)
    if (this.#waiting.length >= MAX_WAITING) return false
    this.#waiting.push(line)
    return true
  }

  /** A link on which nothing at all arrives for so long is given up: the next question goes over a new one. */
  ask(question: Question, done: (answer: Answer | undefined) => void): void {
    const id = ++this.#questions
    const heard = this.#heard
    let isOpen = true
    const settle = (answer?: Answer) => {
      if (isOpen) done(answer)
      isOpen = false
    }
    const late = this.#after(ANSWER_MS, settle)
    const silent = this.#after(SILENT_MS, () => {
      this.#asked.delete(id)
      if (heard === this.#heard) this.close()
    })
    const finish = (answer?: Answer) => {
      late()
      silent()
      settle(answer)
    }
    this.#asked.set(id, finish)
    if (this.send(Message.encode({ ...question, id }))) return
    this.#asked.delete(id)
    this.#after(0, finish)
  }

  lost(): void {
    if (this.isLost) return
    this.isLost = true
    this.#onClosed()
    const asked = [...this.#asked.values()]
    this.#asked.clear()
    for (const done of asked) done(undefined)
  }

  close(): void {
    this.stop?.()
    this.lost()
  }
}

const isAnswer = (message: Message.NodeMessage): message is Message.NodeAnswer => ANSWERS.has(message._tag)
const ANSWERS = new Set<Message.NodeMessage["_tag"]>(["Introduced", "NotHere", "Wait", "Noted", "Recalled", "Kicked"])

/** Lines as messages. A line that is too long ends the connection; one that cannot be read is passed over. */
const reading = (connection: Connection, handle: (message: Message.NodeMessage) => void): ConnectionHandler => {
  const framing = new LineFraming(Message.MAX_NODE_LINE)
  return {
    onData: (data) => {
      framing.push(data)
      for (let line: Line | undefined = framing.next(); line !== undefined; line = framing.next()) {
        if (line._tag === "TooLarge") connection.destroy()
        const message = line._tag === "Text" ? Message.decode(line.text) : undefined
        if (message !== undefined) handle(message)
      }
    },
    onClose: () => {}
  }
}

const placeOf = (at: string): { readonly host: string; readonly port: number } | undefined => {
  const colon = at.lastIndexOf(":")
  const port = Number(at.slice(colon + 1))
  return colon < 1 || !(port > 0) ? undefined : { host: at.slice(0, colon).replace(/^\[|\]$/g, ""), port }
}

/** What is answered whatever there is to say. */
const NOTHING_NEW: Question = { _tag: "Decided", bans: [], tokens: [] }

const NOT_HERE: Answer = { _tag: "NotHere" }

/** ms that another node has to answer, a new link included. */
const ANSWER_MS = 500
/**
 * ms: longer than a busy node stands still. TCP would go on for minutes, sending less and less often, long after the
 * network is well again; and it never comes back where a firewall has forgotten the connection.
 */
const SILENT_MS = 2_000
/** ms between two looks whether what nothing answers arrives. */
const CHECK_MS = 2_000
/** Lines that wait for a link to open. */
const MAX_WAITING = 1_000

import { expect } from "vitest"
import type { Why } from "../../src/core/client/Why.js"
import type { JsonEvent, Program } from "../e2e/Program.js"

export type Kind = "direct" | "lan" | "relay"

/** A client in JSON mode and its nickname. */
export interface Person {
  readonly nick: string
  readonly program: Program
}

/** Milliseconds from the asker's `query`; undefined for what never happened. */
export interface Times {
  /** Until the other side showed the first message. */
  readonly first: number
  /** Until the asker used a path of the kind that theory says. */
  readonly path: number
}

/**
 * A asks for B and writes at once, B asks back and writes: waits until all of it was shown and both are on the path
 * that theory says. Says nothing of whether they stay there: see `route`.
 */
export const converse = async (a: Person, b: Person, kind: Kind): Promise<Times> => {
  const begun = performance.now()
  a.program.command({ cmd: "query", nick: b.nick })
  say(a, b, "hello", "are you there?")
  const answer = async () => {
    await happens(
      b,
      `${b.nick} hears that ${a.nick} asks`,
      (event) => event.event === "incoming" && event.peer === a.nick
    )
    b.program.command({ cmd: "query", nick: a.nick })
    say(b, a, "yes", "here I am")
  }
  const [first, path] = await Promise.all([
    happens(b, `${b.nick} shows a message`, (event) => event.event === "message" && event.from === a.nick).then(
      elapsed(begun)
    ),
    settles(a, b, kind).then(elapsed(begun)),
    settles(b, a, kind),
    hears(a, b, ["yes", "here I am"]),
    hears(b, a, ["hello", "are you there?"]),
    answer()
  ])
  return { first, path }
}

/** Several messages at once. */
export const say = (from: Person, to: Person, ...texts: ReadonlyArray<string>): void =>
  from.program.command(...texts.map((text) => ({ cmd: "send", to: to.nick, text })))

/** Waits until `listener` was shown as many texts by `speaker`: these, once each, in this order. */
export const hears = async (listener: Person, speaker: Person, texts: ReadonlyArray<string>): Promise<void> => {
  await shows(listener, speaker, texts)
  expect(heard(listener, speaker)).toEqual(texts)
}

/** Waits until `listener` was shown the last of these texts by `speaker`. */
export const shows = async (listener: Person, speaker: Person, texts: ReadonlyArray<string>): Promise<void> => {
  await happens(
    listener,
    `${listener.nick} shows ${texts.length} messages of ${speaker.nick}`,
    () => heard(listener, speaker).length >= texts.length
  )
}

/** Everything that `listener` was shown of what `speaker` said. */
export const heard = (listener: Person, speaker: Person): ReadonlyArray<unknown> =>
  listener.program
    .events()
    .flatMap((event) => (event.event === "message" && event.from === speaker.nick ? [event.text] : []))

/** Waits until `person` uses a path of this kind to `peer`. */
export const settles = async (person: Person, peer: Person, kind: Kind): Promise<void> => {
  await until(person, `${person.nick} is on a ${kind} path to ${peer.nick}`, () =>
    kinds(person, peer).at(-1) === kind ? true : undefined
  )
}

/** The kinds of path that `person` has used to `peer`, in order. */
const kinds = (person: Person, peer: Person): ReadonlyArray<Kind> =>
  person.program
    .events()
    .flatMap((event) =>
      (event.event === "connected" || event.event === "path") && event.peer === peer.nick
        ? [(event.path as { readonly kind: Kind }).kind]
        : []
    )

/** Waits until `/why` says this of the two networks, by their IPv4, and of the way between them. */
export const explains = async (
  person: Person,
  peer: Person,
  truth: { readonly own: string; readonly peer: string; readonly says: string }
): Promise<void> => {
  const begun = performance.now()
  for (let time = 0; ; time++) {
    const ref = `why ${peer.nick} ${time}`
    person.program.command({ cmd: "why", nick: peer.nick, ref })
    const { lines, networks } = (await happens(person, ref, (event) => event.ref === ref)) as unknown as Why
    const said = { ...networks.ipv4, lines }
    if (said.own === truth.own && said.peer === truth.peer && lines.join("\n").includes(truth.says)) return
    if (performance.now() - begun > PATIENCE)
      throw new Error(
        `${person.nick} is told of ${peer.nick}: ${JSON.stringify(said)} in place of ${JSON.stringify(truth)}`
      )
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN))
  }
}

/** The first event, now or later, that is `wanted`. */
export const happens = (person: Person, what: string, wanted: (event: JsonEvent) => boolean): Promise<JsonEvent> =>
  until(person, what, () => person.program.events().find(wanted))

/** `Program.until` that gives up with everything the program said, before the test is ended without a word. */
const until = async <A>({ nick, program }: Person, what: string, look: () => A | undefined): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`not yet: ${what}\n${nick}:\n${program.stdout}${program.stderr}`)),
      PATIENCE
    )
  })
  return Promise.race([program.until(what, look), late]).finally(() => clearTimeout(timer))
}

/** Milliseconds; everything that is waited for here takes a thirtieth of it, and on a busy machine a tenth. */
const PATIENCE = 120_000

/** Milliseconds. */
const LOOK_AGAIN = 500

const elapsed = (begun: number) => () => performance.now() - begun

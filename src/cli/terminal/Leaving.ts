import type { Conversation } from "./Conversation.js"
import * as Texts from "./Texts.js"

/** Asks once before something ends that goes on; whoever says it again means it. */
export class Leaving {
  #asked: string | undefined

  /** Whether to ask first: there is something to lose, and `what` was not asked about just now. */
  asks(what: string, loss: string | undefined): boolean {
    const again = this.#asked === what
    this.#asked = loss === undefined || again ? undefined : what
    return this.#asked !== undefined
  }

  /** Something else was said meanwhile. */
  goOn(): void {
    this.#asked = undefined
  }
}

/** What leaving the program would end, if anything; `files` are on their way. */
export const openEnds = (conversations: ReadonlyArray<Conversation>, files: number): string | undefined => {
  const open = conversations.filter(({ asked, connected }) => asked && connected).length
  return joined([
    ...(open === 0 ? [] : [`${open} conversation${open === 1 ? " goes" : "s go"} on`]),
    ...onTheWay(files)
  ])
}

/** What leaving a conversation would lose; `files` are on their way in it. */
export const unsent = (conversation: Conversation | undefined, files: number): string | undefined => {
  const lost = conversation?.undelivered.size ?? 0
  return joined([
    ...(lost === 0 ? [] : [`${Texts.messages(lost)} ${lost === 1 ? "has" : "have"} not arrived`]),
    ...onTheWay(files)
  ])
}

const onTheWay = (files: number): ReadonlyArray<string> =>
  files === 0 ? [] : [`${files} file${files === 1 ? " is" : "s are"} on the way`]

const joined = (parts: ReadonlyArray<string>): string | undefined =>
  parts.length === 0 ? undefined : parts.join(", and ")

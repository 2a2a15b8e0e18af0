import { type Conversation, undelivered } from "./Conversation.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"

/** What becomes of messages that have not arrived when the program ends. */
export class Fate {
  /** Whether what is written down outlives the program. */
  safe = true
  /** Another program has our profile, so nothing of this one is kept. */
  passing = false

  /** What to say of it, if anything has not arrived; `me` is who sends it next time. */
  told(all: ReadonlyArray<Conversation>, me: string | undefined, palette: Palette): ReadonlyArray<string> {
    const waiting = all.filter((peer) => undelivered(peer) > 0)
    if (waiting.length === 0) return []
    const names = waiting.slice(0, MAX_NAMED).map(({ nick }) => palette.nick(nick))
    if (waiting.length > MAX_NAMED) names.push("others")
    const total = waiting.reduce((sum, peer) => sum + undelivered(peer), 0)
    const what = `${Texts.messages(total)} for ${names.join(", ")} ${total === 1 ? "was" : "were"} not confirmed`
    return this.safe && !this.passing
      ? [palette.remark(`${what}: kept, to go out when you are ${me} again`)]
      : [palette.warn(`* ${what}, and cannot be kept`)]
  }
}

/** People named in one line. */
const MAX_NAMED = 3

import type * as Control from "../protocol/Control.js"
import type { Conversation } from "./Conversations.js"

/**
 * How the conversations that we asked for went, by the worst of them; nothing when there were none. For the operator.
 */
export const moodOf = (conversations: ReadonlyArray<Conversation>): typeof Control.Mood.Type | undefined => {
  const paths = conversations.filter(({ asked }) => asked).map(({ path }) => path ?? "failed")
  return worstFirst.find((mood) => paths.includes(mood))
}

const worstFirst: ReadonlyArray<typeof Control.Mood.Type> = ["failed", "relay", "direct", "lan"]

import * as Effect from "effect/Effect"
import type { ClientApi } from "../../client/Client.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { ChatModel } from "./ChatModel.js"
import { type Conversation, Weight } from "./Conversation.js"
import * as History from "./History.js"
import type { Palette } from "./Palette.js"
import type { Listed, View } from "./View.js"

/** What the screen shows of the model, and of what the client has kept. */
export const make = (chat: ChatModel, client: Pick<ClientApi, "history">, palette: Palette): View => ({
  prompt: () => chat.prompt(),
  held: (columns) => (chat.choosing ? [] : chat.views.held(columns)),
  status: (columns) => chat.status(columns),
  get conversation() {
    return chat.conversation
  },
  skipped: (from, count) => chat.skipped(from, count),
  showWhole: (isFull) => {
    chat.views.isFull = isFull
  },
  list: () =>
    [...chat.conversations]
      .sort((one, other) => one.number - other.number)
      .map((each) => listed(each, each.nick === chat.focus, palette)),
  recent: () => chat.views.recent(),
  earlier: (conversation, before) => {
    const nick = chat.focus ?? conversation
    return Effect.match(client.history({ nick, before, limit: PAGE }), {
      onSuccess: ({ messages, more }) => ({
        printed: [
          ...(more === 0 ? [palette.dim(`* the beginning of what is kept of the talk with ${nameOf(nick)}`)] : []),
          ...messages.map((message) => History.paragraph(message, chat.me ?? "", palette))
        ],
        since: more === 0 ? undefined : messages[0]?.at
      }),
      onFailure: ({ message }) => ({ printed: [palette.dim(`* ${SafeText.line(message)}`)], since: undefined })
    })
  },
  dim: palette.dim,
  get mouse() {
    return chat.settings.get("mouse") === "on"
  }
})

const listed = ({ asked, connected, news, nick, number }: Conversation, inFocus: boolean, palette: Palette): Listed => {
  const count = news.count === 0 ? "" : String(news.count)
  const isNews = news.weight > Weight.none
  return {
    number,
    nick,
    news: `${count}${news.weight === Weight.call ? "?" : news.weight === Weight.mention ? "!" : ""}`,
    inFocus,
    paint: inFocus || isNews ? palette.bold : asked && !connected ? palette.dim : (text) => text
  }
}

const nameOf = (nick: string): string => SafeText.line(nick, MAX_NICK)

/** Messages that are looked for at a time: some pages. */
const PAGE = 100

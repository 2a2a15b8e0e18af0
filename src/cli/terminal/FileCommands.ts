import * as Effect from "effect/Effect"
import type { ClientApi } from "../../client/Client.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { Transfer } from "../../core/client/Transfer.js"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalClosed } from "../../services/Terminal.js"
import * as Sentence from "../files/Sentence.js"
import type { Chat } from "./Chat.js"
import type { Palette } from "./Palette.js"
import * as PathWords from "./PathWords.js"
import type { Ui } from "./Ui.js"
import type { Intent } from "./Words.js"

/** What people do with files: offer them, and act on what is offered or under way. */
export interface FileCommands {
  readonly send: (intent: Intent & { readonly _tag: "SendFile" }) => Effect.Effect<void, TerminalClosed>
  readonly act: (intent: Intent & { readonly _tag: "Transfer" }) => Effect.Effect<void, TerminalClosed>
}

export const make = ({
  chat,
  client,
  home,
  palette,
  ui
}: {
  readonly client: ClientApi
  readonly chat: Chat
  readonly ui: Ui
  readonly palette: Palette
  readonly home: string | undefined
}): FileCommands => {
  const failed = (error: ClientError) => ui.print(chat.failed(error))

  return {
    send: ({ line }) => {
      const words = PathWords.split(line)
      const last = words.at(-1)!
      // A name with spaces in it is as good as a nickname behind it, unless somebody is called so.
      const isNamed = words.length > 1 && (chat.focus === undefined || chat.knows(last.text))
      const nick = isNamed ? last.text : chat.focus
      if (nick === undefined) return ui.print([chat.remark(`type ${palette.bold("/send PATH NICK")}`)])
      const typed = isNamed ? line.slice(0, last.start).trimEnd() : line
      const parts = isNamed ? words.slice(0, -1) : words
      const path = PathWords.expand(parts.length === 1 ? parts[0]!.text : typed, home)
      return Effect.matchEffect(client.files.offer(nick, path), {
        // The client's events tell of all that follows.
        onSuccess: () => Effect.void,
        onFailure: failed
      })
    },
    act: ({ number, what }) => {
      const found = chat.transfers.find(number, what, FITTING[what])
      if (typeof found === "string") return ui.print([chat.remark(SafeText.line(found))])
      return Effect.matchEffect(client.files[what](found.id), { onSuccess: () => Effect.void, onFailure: failed })
    }
  }
}

const FITTING: Readonly<Record<(Intent & { readonly _tag: "Transfer" })["what"], (transfer: Transfer) => boolean>> = {
  accept: ({ direction, state }) => direction === "in" && state === "offered",
  decline: ({ direction, state }) => direction === "in" && state === "offered",
  cancel: (transfer) => !Sentence.isOver(transfer),
  pause: (transfer) =>
    !Sentence.isOver(transfer) && transfer.state !== "offered" && !["us", "both"].includes(transfer.pausedBy ?? ""),
  resume: ({ pausedBy }) => pausedBy === "us" || pausedBy === "both"
}

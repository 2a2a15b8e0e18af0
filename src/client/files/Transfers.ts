import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ClientError } from "../Client.js"
import type { FilesApi } from "./Api.js"

/** The file transfers of one client. */
export const make = (): { readonly api: FilesApi } => ({
  api: {
    offer: (nick) => refused(nick),
    offerStream: (nick) => refused(nick),
    accept: unknown,
    acceptStream: (id) => Stream.fromEffect(unknown(id)),
    decline: unknown,
    cancel: unknown,
    pause: unknown,
    resume: unknown,
    list: Effect.succeed([])
  }
})

const refused = (nick: string) =>
  new ClientError({ code: "File", message: `files cannot be sent to ${nick} by this client` })

const unknown = (id: string) => new ClientError({ code: "NoSuchTransfer", message: `there is no transfer ${id}` })

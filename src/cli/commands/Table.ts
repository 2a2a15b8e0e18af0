import * as Effect from "effect/Effect"
import { client } from "./Client.js"
import * as Config from "./Config.js"
import { contacts, key } from "./Contacts.js"
import { demo } from "./Demo.js"
import { doctor } from "./Doctor.js"
import { receiveFile } from "./ReceiveFile.js"
import { send } from "./Send.js"
import { sendFile } from "./SendFile.js"
import { server } from "./Server.js"
import { serverAdmin } from "./ServerAdmin.js"
import { simulate } from "./Simulate.js"
import { type Row, row } from "./Subcommand.js"

/** The commands, in the order of the help: what each is, where its program is, and what that stands on. */
const commands: ReadonlyArray<Row> = [
  row(
    server,
    () => import("../ServerProgram.js"),
    ({ run }, settings, { neighbourhood, network, store, window }, host, again) =>
      Effect.provide(run(settings, { neighbourhood, store, window }, host, again), network)
  ),
  row(
    serverAdmin,
    () => import("../AdminProgram.js"),
    ({ run }, settings, { network }) => Effect.provide(run(settings), network)
  ),
  row(
    client,
    () => import("../ClientProgram.js"),
    ({ run }, settings, { at }) => Effect.provide(run(settings), at(settings.home))
  ),
  row(
    send,
    () => import("../oneshot/SendProgram.js"),
    ({ run }, settings, { at }) => Effect.provide(run(settings), at(settings.home))
  ),
  row(
    sendFile,
    () => import("../oneshot/SendFileProgram.js"),
    ({ run }, settings, { at }) => Effect.provide(run(settings), at(settings.home))
  ),
  row(
    receiveFile,
    () => import("../oneshot/ReceiveFileProgram.js"),
    ({ run }, settings, { at }) => Effect.provide(run(settings), at(settings.home))
  ),
  row(
    contacts,
    () => import("../ContactsProgram.js"),
    ({ run }, settings, { at }) => Effect.provide(run(settings), at(settings.home))
  ),
  row(
    key,
    () => import("../ContactsProgram.js"),
    ({ runKey }, settings, { at }) => Effect.provide(runKey(settings), at(settings.home))
  ),
  row(
    doctor,
    () => import("../doctor/Program.js"),
    ({ run }, settings, { network }) => Effect.provide(run(settings), network)
  ),
  row(
    demo,
    () => import("../DemoProgram.js"),
    ({ run }, _, { passing, profiles }) => Effect.provide(run(profiles), passing)
  ),
  row(
    simulate,
    () => import("../simulate/Program.js"),
    ({ run }, settings, { simulator }) => Effect.provide(run(settings), simulator)
  )
]

/** All commands. */
export const table: ReadonlyArray<Row> = [...commands, Config.row(commands)]

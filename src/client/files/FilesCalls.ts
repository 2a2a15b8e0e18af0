import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type AcceptError,
  Busy,
  type Closed,
  File,
  type KeyChanged,
  NoSuchTransfer,
  type NotConnected
} from "../../core/client/ClientError.js"
import type { Conversation, Conversations } from "../../core/client/Conversations.js"
import { closed, notConnected } from "../../core/client/ErrorTexts.js"
import type { TransferId } from "../../core/files/Content.js"
import * as FileName from "../../domain/FileName.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Files, FilesError, Found } from "../../services/Files.js"
import type { FilesApi } from "./Api.js"
import { isSame } from "./Changes.js"
import { Incoming } from "./Incoming.js"
import { Outgoing } from "./Outgoing.js"
import * as Several from "./Several.js"
import * as Sink from "./Sink.js"
import { factsOf, type TransferContext } from "./TransferContext.js"
import type { OutgoingHead, TransferRecord } from "./TransferRecord.js"
import { MAX_OPEN, type TransferTable } from "./TransferTable.js"

/** What the user may do with files. */
export interface FilesCalls {
  readonly api: FilesApi
  /** Accepts an offer into a folder, if there is room for it. */
  readonly acceptInto: (incoming: Incoming, directory: string) => Effect.Effect<void, AcceptError>
  /** Whether something is being looked at, or read, that will be offered to this peer. */
  readonly isPreparing: (peer: PeerId) => boolean
}

export const make = ({
  context,
  conversations,
  dormant,
  downloads,
  isLeaving,
  leaving,
  table,
  run
}: {
  readonly context: TransferContext
  readonly conversations: Conversations
  /** What an earlier process left, and nobody goes on with yet. */
  readonly dormant: Map<TransferId, TransferRecord>
  readonly downloads: string
  /** Whether it is about to: what is taken back then ends as all calls do. */
  readonly isLeaving: () => boolean
  /** Fails when the client leaves, and with it what waits. */
  readonly leaving: Deferred.Deferred<never, Closed>
  readonly table: TransferTable
  /** Begins the life of something of ours; `after` follows its end. */
  readonly run: (outgoing: Outgoing, after?: Effect.Effect<void>) => void
}): FilesCalls => {
  const { files } = context

  /** A call of the user, ended by our leaving. */
  const here = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Deferred.isDone(leaving), (isDone) =>
      isDone ? closed() : Effect.raceFirst(effect, Deferred.await(leaving))
    )

  const underWay = (id: TransferId) =>
    Effect.suspend((): Effect.Effect<Incoming | Outgoing, NoSuchTransfer> => {
      const transfer = table.get(id)
      if (transfer === undefined) return noSuch(`there is no transfer ${id}`)
      return transfer.status.ended ? noSuch("this transfer is over") : Effect.succeed(transfer)
    })

  const offered = (id: TransferId) =>
    Effect.flatMap(underWay(id), (transfer) =>
      transfer instanceof Incoming && transfer.status.phase === "offered"
        ? Effect.succeed(transfer)
        : noSuch("this is no offer that waits for your answer")
    )

  const acceptInto: FilesCalls["acceptInto"] = (incoming, directory) =>
    Effect.gen(function* () {
      const { folds, free, path } = yield* Effect.catchAll(files.directory(directory), ofFiles)
      const { id, size } = incoming.offer
      if (free !== undefined && size > free) return yield* noRoom(path, size, free)
      // While the disk was looked at, the sender may have taken it back.
      yield* offered(id)
      const place = { directory: path, folds, token: context.draw(TOKEN_BYTES) }
      yield* incoming.accept(yield* Sink.onDisk(files, place), place)
    })

  const acceptStream = (id: TransferId) =>
    Effect.gen(function* () {
      const incoming = yield* offered(id)
      if (incoming.offer.kind === "folder") return yield* file("a folder cannot be taken as one stream of bytes")
      const pieces = new Sink.PieceQueue()
      // Whoever stops pulling before the end does not want it.
      yield* Effect.addFinalizer(() =>
        Effect.zipRight(
          incoming.cancel("Cancelled"),
          Effect.sync(() => pieces.close())
        )
      )
      yield* incoming.accept(Sink.toConsumer(pieces, (message) => (isLeaving() ? closed() : file(message))))
      return pieces.stream
    })

  /** Whom something can be offered to now. */
  const asked = (nick: string) =>
    Effect.suspend((): Effect.Effect<Conversation, NotConnected | KeyChanged | Busy> => {
      const conversation = conversations.byNick(nick)
      if (conversation?.asked !== true) return notConnected(nick)
      if (conversation.held !== undefined) return Effect.fail(conversation.held)
      return table.hasRoom(conversation.peer, "out") ? Effect.succeed(conversation) : tooMany(nick)
    })

  /** Peers that something is looked at for, or taken from a stream, each as often as that is so. */
  const preparing: Array<PeerId> = []

  /** Looks at what is to be offered to somebody, who is told meanwhile that more may come. */
  const lookedAt = <A, E>(nick: string, looking: Effect.Effect<A, E>) =>
    Effect.flatMap(asked(nick), ({ peer }) =>
      Effect.acquireUseRelease(
        Effect.sync(() => preparing.push(peer)),
        () => looking,
        () => Effect.sync(() => preparing.splice(preparing.indexOf(peer), 1))
      )
    )

  /**
   * What an earlier process was sending from the same place to the same peer, if it is still what lies there. What it
   * is not any more ends with `replacing`.
   */
  const earlier = ({ nick, peer }: Conversation, found: Found) => {
    let resumed: Outgoing | undefined
    const stale: Array<Outgoing> = []
    for (const [id, { head, tail }] of dormant) {
      if (resumed !== undefined || !("path" in head) || head.peer !== peer || !isOf(head, found)) continue
      const sending = Outgoing.restore(context, head, tail)
      if (!isSame(found, sending.found)) stale.push(sending)
      else {
        resumed = sending
        dormant.delete(id)
      }
    }
    const replacing = Effect.forEach(
      stale,
      ({ content }) => {
        const { offer } = content!
        // Its receiver may have ended it meanwhile.
        if (!dormant.delete(offer.id)) return Effect.void
        return context.notices.add({ offer, direction: "out", peer, nick, reason: "Changed" })
      },
      { discard: true }
    )
    return { resumed, replacing }
  }

  const outgoing = ({ nick, peer }: Conversation, found: Found, name: string, passing: boolean): Outgoing => {
    let [size, files] = [0, 0]
    for (const entry of found.entries) {
      size += entry.size
      if (entry.folder !== true) files++
    }
    const offer = { id: context.newId(), kind: found.kind, name: FileName.make(name), size, files }
    return new Outgoing(context, context.status(factsOf(offer, "out", peer, nick, found), "preparing"), found, passing)
  }

  return {
    acceptInto,
    isPreparing: (peer) =>
      preparing.includes(peer) ||
      table.all(peer).some((transfer) => transfer instanceof Outgoing && transfer.status.phase === "preparing"),
    api: {
      offer: (nick, path) =>
        here(
          Effect.gen(function* () {
            const paths = typeof path === "string" ? [path] : path
            const found = yield* lookedAt(nick, Effect.catchAll(Several.inspect(files, paths), ofFiles))
            const conversation = yield* asked(nick)
            const { replacing, resumed } = earlier(conversation, found)
            const sending = resumed ?? outgoing(conversation, found, found.name, false)
            sending.replacing = replacing
            run(sending)
            return sending.status.snapshot()
          })
        ),
      offerStream: (nick, name, content) =>
        here(
          Effect.gen(function* () {
            const { found, scope } = yield* lookedAt(nick, spooled(files, content))
            const close = Scope.close(scope, Exit.void)
            const sending = outgoing(yield* Effect.onError(asked(nick), () => close), found, name, true)
            run(sending, close)
            return sending.status.snapshot()
          })
        ),
      accept: (id, directory = downloads) =>
        here(Effect.flatMap(offered(id), (incoming) => acceptInto(incoming, directory))),
      acceptStream: (id) => Stream.interruptWhenDeferred(Stream.unwrapScoped(here(acceptStream(id))), leaving),
      decline: (id) => here(Effect.flatMap(offered(id), (incoming) => incoming.decline)),
      cancel: (id, reason = "Cancelled") => here(Effect.flatMap(underWay(id), (transfer) => transfer.cancel(reason))),
      pause: (id) => here(Effect.flatMap(underWay(id), (transfer) => transfer.pause(true))),
      resume: (id) => here(Effect.flatMap(underWay(id), (transfer) => transfer.pause(false))),
      list: Effect.sync(() => table.list())
    }
  }
}

/** Whether an earlier process was sending what lies in the same place, or places. */
const isOf = (head: OutgoingHead, { path, sources = [path] }: Found): boolean => {
  const before = head.sources ?? [head.path]
  return before.length === sources.length && before.every((source, index) => source === sources[index])
}

/** Puts a stream into a file of ours, which lives as long as the scope in the result. */
const spooled = <E>(files: Files["Type"], content: Stream.Stream<Uint8Array, E>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const found = yield* Effect.gen(function* () {
      const spool = yield* Scope.extend(Effect.catchAll(files.spool, ofFiles), scope)
      yield* Stream.runForEach(content, (bytes) => Effect.catchAll(spool.append(bytes), ofFiles))
      return yield* Effect.catchAll(files.inspect(spool.path), ofFiles)
    }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
    return { found, scope }
  })

const file = (message: string) => new File({ message })

const ofFiles = ({ message }: FilesError) => file(message)

const noSuch = (message: string) => new NoSuchTransfer({ message })

const noRoom = (path: string, size: number, free: number) =>
  file(`it has ${size} bytes, and there is room for ${free} in ${path}`)

const tooMany = (nick: string) =>
  new Busy({ message: `${MAX_OPEN} transfers to ${nick} are under way; wait until one is over` })

/** Nobody else can know where something will arrive. */
const TOKEN_BYTES = 8

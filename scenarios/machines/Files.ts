import { ChunkLayout } from "../../src/core/files/ChunkLayout.js"
import { Rng } from "../../src/sim/kernel/Rng.js"
import { contentOf, Disk, type Kept, scan, Transfer } from "../support/Transfer.js"

/**
 * A transfer of some files (`FileSender`, `FileReceiver`) over connections that cut its bytes anywhere and break, with
 * disks that answer late, sides that pause, and a receiver that is started anew with part of what it wrote damaged.
 *
 * In the end every byte has to be there and both sides have to say so, no connection may bring more than what is
 * missing, and the sender may never believe that more is stored than is.
 */
export const files = (seed: number): string | undefined => {
  const rng = new Rng(seed).fork("files")
  const source = new Disk(Array.from({ length: rng.below(MOST_FILES + 1) }, () => fileOf(rng)))
  const content = contentOf(source, CHUNK)
  const layout = new ChunkLayout(content.entries, CHUNK)
  let known: Kept | undefined
  let target: Disk | undefined
  for (let breaks = rng.below(MOST_BREAKS + 1); ; breaks--) {
    const here = known?.have.count ?? 0
    const transfer = connect(rng, source, content, known, target, breaks > 0 ? rng.between(1, 2_000) : undefined)
    let broke = transfer.run()
    // Whoever has paused goes on some time.
    for (let tries = MOST_PAUSES; tries >= 0 && !broke && !isComplete(transfer); tries--) {
      transfer.sender.pause(false)
      transfer.receiver.pause(false)
      broke = transfer.run()
    }
    const most = (layout.chunks - here) * (CHUNK + 5) + 150
    const introduced = known === undefined ? 40 * (layout.chunks + source.files.length) : 0
    if (transfer.sent > most + introduced) return `${transfer.sent} bytes are sent, where ${most + introduced} would do`
    if (transfer.sender.transferred > transfer.receiver.transferred)
      return `the sender believes in ${transfer.sender.transferred} of ${transfer.receiver.transferred} bytes`
    const first = transfer.receiverEvents.find((event) => event._tag === "Contents")
    const now = first?._tag === "Contents" ? first.content : known?.content
    target = transfer.target
    if (!broke) return problem(transfer, source)
    if (now === undefined || target === undefined) continue
    if (rng.chance(0.5)) known = { content: now, have: transfer.receiver.have ?? known!.have }
    else {
      damage(rng, target)
      known = { content: now, have: scan(target, layout).matching(now.leaves) }
    }
  }
}

const connect = (
  rng: Rng,
  source: Disk,
  content: Kept["content"],
  known: Kept | undefined,
  target: Disk | undefined,
  breakAt: number | undefined
): Transfer => {
  const [portion, readiness] = [rng.pick([1, 20, 150, 1_000]), rng.pick([1, 0.5, 0.1])]
  let pauses = breakAt === undefined ? 0 : rng.pick([0, 0, MOST_PAUSES])
  return new Transfer(source, content, {
    chunkSize: CHUNK,
    window: rng.between(1, 500),
    portion: () => rng.between(1, portion),
    diskReady: () => rng.chance(readiness),
    onTurn: ({ receiver, sender }) => {
      const side = rng.chance(0.5) ? sender : receiver
      if (pauses === 0 || rng.chance(0.9)) return
      pauses--
      side.pause(side.pausedBy === undefined || side.pausedBy === "them")
    },
    ...(breakAt === undefined ? {} : { breakAt }),
    ...(known && { known }),
    ...(target && { target })
  })
}

const isComplete = ({ receiverEvents, senderEvents }: Pick<Transfer, "receiverEvents" | "senderEvents">): boolean =>
  [senderEvents, receiverEvents].every((events) => events.some(({ _tag }) => _tag === "Complete"))

const problem = ({ receiverEvents, resets, senderEvents, sender, target }: Transfer, source: Disk) => {
  if (!isComplete({ receiverEvents, senderEvents }))
    return `not complete: ${JSON.stringify([senderEvents, receiverEvents]).slice(0, 300)}`
  if (resets.length > 0) return `reset with ${resets.join()}`
  const differs = source.files.findIndex((file, index) => Buffer.compare(file, target!.files[index]!) !== 0)
  if (differs >= 0) return `file ${differs} is another one`
  const size = source.files.reduce((sum, { length }) => sum + length, 0)
  return sender.transferred === size ? undefined : `${sender.transferred} of ${size} bytes count as transferred`
}

/** None, shorter than a chunk, exactly some chunks, longer. */
const fileOf = (rng: Rng): Uint8Array => {
  const length = rng.pick([0, CHUNK, 2 * CHUNK, rng.below(3 * CHUNK)])
  return rng.chance(0.3) ? new Uint8Array(length).fill(1) : rng.fill(new Uint8Array(length))
}

/** A crash: what was written last is garbage, or was never written. */
const damage = (rng: Rng, { files }: Disk): void => {
  for (const file of files)
    for (let at = 0; at < file.length; at += 7) {
      const fate = rng.below(20)
      if (fate < 2) file[at] = fate === 0 ? 0 : file[at]! ^ 0xff
    }
}

/** Bytes. */
const CHUNK = 64
const MOST_FILES = 6
const MOST_BREAKS = 4
const MOST_PAUSES = 10

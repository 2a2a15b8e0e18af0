import type { Frame } from "../../../src/protocol/Frame.js"
import { equal } from "../Check.js"
import type { ClientCheck } from "./Context.js"
import { alive } from "./Invited.js"
import { mutual } from "./Inviter.js"
import type { Link } from "./Link.js"
import { FIRST_LIMIT } from "./Transfer.js"

const bytes = (stream: number, offset: number, length = 1): Frame => ({
  _tag: "Stream",
  stream,
  offset,
  // Of a record that does not end: OFFER with 64 bytes.
  data: length === 0 ? new Uint8Array(0) : Uint8Array.of(0x40, 64, ...new Uint8Array(length)).subarray(0, length)
})

/** The client has begun the handshake, so ours are the even ones. */
const check = (rule: string, says: string, run: (link: Link) => Promise<void>, also?: ReadonlyArray<string>) =>
  ({
    rule,
    says,
    words: true,
    part: "files",
    run: mutual(run),
    ...(also === undefined ? {} : { also })
  }) satisfies ClientCheck

const violation = (says: string, rule: string, ...packets: ReadonlyArray<ReadonlyArray<Frame>>): ClientCheck =>
  check(rule, `ends a connection for ${says}`, async (link) => {
    for (const frames of packets) link.send(...frames)
    equal((await link.next("Bye")).code, 1, "the code of BYE")
  })

/** Opens the even streams up to this one, and gives what is answered to each of `expected`. */
const open = (link: Link, stream: number): void => void link.send(bytes(stream, 0))

export const streams: ReadonlyArray<ClientCheck> = [
  violation("a stream of its own that it has not opened", "3.6-1", [bytes(1, 0)]),
  violation("RESET of a stream of its own that it has not opened", "3.6-1", [{ _tag: "Reset", stream: 3, code: 2 }]),
  violation("a frame that opens 65 streams", "3.6-4", [bytes(130, 0)]),
  violation("a byte beyond the first limit of a stream", "3.6-6", [bytes(2, FIRST_LIMIT)]),
  violation("a byte beyond the end of a stream", "3.6-6", [bytes(2, 0), bytes(2, 2, 0)], [bytes(2, 2)]),
  violation("another end of a stream", "3.6-6", [bytes(2, 9, 0)], [bytes(2, 8, 0)]),
  check("3.6-4", "takes 64 streams by one frame", async (link) => {
    open(link, 128)
    await alive(link)
  }),
  check("3.6-6", "takes bytes up to the first limit, and an end where there was one before", async (link) => {
    link.send(bytes(2, FIRST_LIMIT - 1))
    link.send(bytes(4, 1, 0))
    link.send(bytes(4, 1, 0), { _tag: "MaxData", stream: 200, limit: 9 })
    await alive(link)
  }),
  check("3.6-5", "gives up a stream beyond 128 with code 1, and goes on", async (link) => {
    for (const stream of [128, 256, 384]) open(link, stream)
    await link.transfer(384).givenUp(1)
    await alive(link)
  }),
  check(
    "3.6-9",
    "ignores frames for a stream that was given up",
    async (link) => {
      link.send({ _tag: "Reset", stream: 2, code: 2 })
      link.send(bytes(2, 0), bytes(2, FIRST_LIMIT), { _tag: "MaxData", stream: 2, limit: 9 })
      await alive(link)
    },
    ["3.6-2"]
  ),
  check("3.6-2", "opens the lower streams with a higher one", async (link) => {
    open(link, 4)
    link.transfer(2).write({ _tag: "Ask", id: new Uint8Array(16) })
    await link.transfer(2).givenUp(9)
  })
]

import { groupIdOf } from "../../src/domain/GroupId.js"
import { messageIdOf } from "../../src/domain/MessageId.js"
import { peerIdOf } from "../../src/domain/PeerId.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as ChatRecord from "../../src/protocol/ChatRecord.js"
import { encode as encodeGroup } from "../../src/protocol/GroupRecord.js"
import { counting, hex, type VectorFile } from "./Keys.js"

const record = (write: (writer: Bytes.Writer) => void): Uint8Array => {
  const writer = new Bytes.Writer(new Uint8Array(1200))
  write(writer)
  return writer.finish()!
}

export const textRecord = (id: Uint8Array, sequence: number, text: string): Uint8Array =>
  record((writer) => ChatRecord.writeText(writer, messageIdOf(id), sequence, Bytes.fromText(text)))

const id = counting(0, 16)
const message = messageIdOf(id)

export const chat = (): VectorFile => ({
  about: "Records of stream 0, the conversation. The message has the id 00..0f.",
  section: "3.5",
  vectors: [
    { name: "TEXT", sequence: 0, text: "hi", record: hex(textRecord(id, 0, "hi")) },
    {
      name: "TEXT with a sequence of two bytes",
      sequence: 300,
      text: "grüße 👋🏽",
      record: hex(textRecord(id, 300, "grüße 👋🏽"))
    },
    { name: "DELIVERED", record: hex(record((writer) => ChatRecord.writeDelivered(writer, message))) },
    { name: "READ", record: hex(record((writer) => ChatRecord.writeRead(writer, message))) },
    { name: "WRITTEN", at: WRITTEN, record: hex(record((writer) => ChatRecord.writeWritten(writer, WRITTEN))) },
    {
      name: "GROUP",
      kind: 3,
      group: hex(counting(0x40, 16)),
      groupName: GROUP.name,
      member: hex(counting(0x60, 32)),
      memberNick: "bob",
      record: hex(record((writer) => ChatRecord.writeGroup(writer, encodeGroup(GROUP))))
    },
    { name: "AWAY", text: "lunch", record: hex(record((writer) => ChatRecord.writeAway(writer, LUNCH))) },
    { name: "AWAY, back", record: hex(record((writer) => ChatRecord.writeAway(writer, undefined))) },
    { name: "NETWORK", ipv4: 3, ipv6: 5, record: hex(record((writer) => ChatRecord.writeNetwork(writer, 3, 5))) },
    { name: "KNOWN", messages: 3, bytes: 700, record: hex(record((writer) => ChatRecord.writeKnown(writer, 3, 700))) }
  ]
})

const GROUP = {
  kind: "Joined",
  id: groupIdOf(counting(0x40, 16)),
  name: "team",
  members: [{ peer: peerIdOf(counting(0x60, 32)), nick: "bob" }]
} as const

const LUNCH = new TextEncoder().encode("lunch")

/** ms since 1970 UTC. */
const WRITTEN = 1_790_000_000_123

import type { SessionId } from "../../domain/Registration.js"
import {
  decodeName,
  type EngineAnswer,
  type EngineCall,
  encodeName,
  type LogChange,
  type LogEntry,
  type NodeEntry,
  type StoredName
} from "../../protocol/SharedNames.js"

/** Calls as the arguments of the script, and what it gives as answers. */

export const argumentsOf = (call: EngineCall): Array<string> => {
  switch (call._tag) {
    case "Enter": {
      const { at, epoch, generation, leaseMs, node, slot, version } = call
      return [call._tag, node, at, String(slot), generation, String(version), String(epoch), String(leaseMs)]
    }
    case "Claim": {
      const { body, identity, key, lookalike, keeps, maxNames, node, resume, session, shown } = call
      const flag = keeps ? "1" : "0"
      return [call._tag, node, session, key, lookalike, identity, shown, resume, String(maxNames), flag, body]
    }
    case "Release":
      return [call._tag, call.session, call.hold ? "1" : "0", String(call.graceMs)]
    case "Update":
      return [call._tag, call.session, call.body]
    case "Forget":
      return [call._tag, call.key, call.lookalike]
    case "Find":
      return [call._tag, call.key]
    case "Assert":
      return [call._tag, call.node, ...call.names.map(encodeName)]
    case "Reap":
      return [call._tag, call.cursor, String(call.graceMs)]
    case "Leave":
      return [call._tag, call.node]
    case "Read":
      return [call._tag, call.cursor]
  }
}

/** `undefined` for what is no answer of ours. */
export const answerOf = (reply: unknown): EngineAnswer | undefined => {
  const [_tag, ...rest] = Array.isArray(reply) ? (reply as Array<unknown>) : []
  const [first, second, third, fourth] = rest
  switch (_tag) {
    case "Entered":
      return {
        _tag,
        generation: String(first),
        slot: Number(second),
        wasHere: Number(third) === 1,
        names: Number(fourth)
      }
    case "Forgotten":
      return { _tag, names: Number(first) }
    case "Granted":
      return { _tag, epoch: Number(first), since: Number(second), n: Number(third), names: Number(fourth) }
    case "Taken":
    case "Full":
    case "Stranger":
      return { _tag }
    case "Done":
      return { _tag, names: Number(first) }
    case "Found":
      return { _tag, name: typeof first === "string" ? decodeName(first) : undefined }
    case "Asserted":
      return { _tag, lost: rest.map((session) => String(session) as SessionId) }
    case "Reaped":
      return { _tag, more: Number(first) === 1, cursor: String(second) }
    case "Names":
      return namesOf(rest)
    default:
      return undefined
  }
}

const namesOf = ([cursor, flat, at, n, version, nodes]: ReadonlyArray<unknown>): EngineAnswer => {
  const names = pairsOf(flat)
    .map(([, text]) => decodeName(text))
    .filter((name): name is StoredName => name !== undefined)
  const part = { _tag: "Names", cursor: String(cursor), names } as const
  if (at === undefined) return part
  const entries = pairsOf(nodes).map(([id, text]) => nodeOf(id, text))
  return { ...part, from: { at: String(at), n: Number(n), version: Number(version) }, nodes: entries }
}

/** Entries of the stream, without those that are not ours. */
export const entriesOf = (reply: unknown): Array<LogEntry> => {
  const [stream] = Array.isArray(reply) ? (reply as Array<[string, Array<[string, Array<string>]>]>) : []
  return (stream?.[1] ?? []).flatMap(([at, flat]) => {
    const fields = new Map(pairsOf(flat))
    const change = changeOf(fields.get("k"), fields.get("d") ?? "")
    return change === undefined ? [] : [{ at, n: Number(fields.get("n")), version: Number(fields.get("v")), change }]
  })
}

const changeOf = (kind: string | undefined, data: string): LogChange | undefined => {
  switch (kind) {
    case "Owned": {
      const name = decodeName(data)
      return name === undefined ? undefined : { _tag: kind, name }
    }
    case "Held":
    case "Freed": {
      const [key = "", lookalike = "", epoch] = data.split("\n")
      return { _tag: kind, key, lookalike, epoch: Number(epoch) }
    }
    case "Replaced":
      return { _tag: kind, session: data as SessionId }
    case "Here": {
      const at = data.indexOf("\n")
      return { _tag: kind, node: nodeOf(data.slice(0, at), data.slice(at + 1)) }
    }
    case "Gone":
      return { _tag: kind, node: data }
    default:
      return undefined
  }
}

const nodeOf = (id: string, text: string): NodeEntry => {
  const [slot, at = ""] = text.split("\n")
  return { id, slot: Number(slot), at }
}

const pairsOf = (flat: unknown): Array<[string, string]> => {
  const list = Array.isArray(flat) ? (flat as Array<string>) : []
  return Array.from({ length: Math.floor(list.length / 2) }, (_, i) => [list[2 * i]!, list[2 * i + 1]!])
}

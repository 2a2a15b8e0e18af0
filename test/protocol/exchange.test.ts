import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"
import { LineClient } from "../server/LineClient.js"
import { serving } from "../server/serving.js"
import { alice, bob } from "../vectors/Keys.js"

type Json = Readonly<Record<string, unknown>>

const doc = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8")
const lines = /### 6\.6 An exchange[\s\S]*?```\n([\s\S]*?)```/.exec(doc)![1]!.trim().split("\n")
const people = { alice, bob }

it("the exchange in docs/protocol.md is what a server says", () =>
  serving({ motd: "hello" }, async (port) => {
    const clients = { alice: await LineClient.connect(port), bob: await LineClient.connect(port) }
    const challenges: Record<string, string> = {}
    for (const line of lines) {
      const [, who, direction, text] = /^(alice|bob) (->|<-) (.*)$/.exec(line) ?? []
      if (who !== "alice" && who !== "bob") throw new Error(`cannot read ${line}`)
      const json = JSON.parse(text!) as Json
      if (direction === "->") {
        clients[who].send(json._tag === "Register" ? proven(json, people[who], challenges[who]!, port) : json)
        continue
      }
      const message = await clients[who].next()
      // That of a refusal, which is an error, is none of its enumerable keys.
      const said: Json = "message" in message ? { ...message, message: message.message } : { ...message }
      if (typeof said.challenge === "string") challenges[who] = said.challenge
      expect(likeIn(said)).toEqual(likeIn(json))
    }
    for (const client of Object.values(clients)) await client.close()
  }))

/** The same request for this server and this connection. */
const proven = (request: Json, who: typeof alice, challenge: string, port: number): Json => {
  const server = `127.0.0.1:${port}`
  const occasion = { challenge: Bytes.fromBase64Url(challenge)!, server }
  expect(request.record).toBe(Bytes.toBase64Url(who.record))
  expect(String(request.proof)).toMatch(/^[\w-]{86}$/)
  const proof = PeerRecord.signProof(crypto, who.signKeys.secretKey, occasion, who.record)
  return { ...request, server, proof: Bytes.toBase64Url(proof) }
}

/** What differs from one time to the next, by its form alone. */
const likeIn = (message: unknown): unknown => {
  if (Array.isArray(message)) return message.map(likeIn)
  if (typeof message !== "object" || message === null) return message
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => [key, VARYING.has(key) ? form(key, value) : likeIn(value)])
  )
}

const form = (key: string, value: unknown): string =>
  typeof value === "string" && key !== "server"
    ? /:\d+$/.test(value)
      ? "endpoint"
      : `${value.length} characters`
    : typeof value

const VARYING = new Set([
  "challenge",
  "now",
  "server",
  "udp",
  "since",
  "address",
  "observed",
  "resume",
  "channel",
  "pairKey",
  "token"
])

import { expect, it } from "vitest"
import { ofClientError } from "../../src/cli/ExitCode.js"
import * as Sentence from "../../src/cli/files/Sentence.js"
import * as Session from "../../src/cli/oneshot/Session.js"
import { ChatModel } from "../../src/cli/terminal/ChatModel.js"
import * as Palette from "../../src/cli/terminal/Palette.js"
import { flat } from "../../src/cli/terminal/Wrap.js"
import type { ClientError } from "../../src/core/client/ClientError.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import { texts } from "./Literals.js"
import { disks, nicknames } from "./rendered/Disks.js"
import { errors, refusals } from "./rendered/Errors.js"
import { events } from "./rendered/Events.js"
import { dials, doctor, whys } from "./rendered/Networks.js"
import { NOW } from "./rendered/Samples.js"
import { ends, transfers } from "./rendered/Transfers.js"

const fresh = () => new ChatModel({ palette: Palette.make(false), now: () => NOW, interactive: false })

/** A client that is online. */
const chat = () => {
  const model = fresh()
  model.handle({ _tag: "Registered", nick: "alice", address: "", fingerprint: "" })
  return model
}

/** What an event puts on the screen: of one who has just started, or is online since. */
const shown = (event: ClientEvent): ReadonlyArray<string> => {
  const model = event._tag === "Registered" && event.nick === "alice" ? fresh() : chat()
  return model.handle(event).flatMap(flat)
}

/** As a person in the client reads an error, and as a script's operator does. */
const told = (error: ClientError): ReadonlyArray<string> => {
  const change = error._tag === "KeyChanged" ? error.change : undefined
  const shown =
    error._tag === "NickTaken"
      ? chat().taken("bob", error.suggestions, error.byOurselves ? error.message : undefined)
      : chat().failed(error._tag, error.message, "bob", change)
  const { message } = Session.ofError(error, "bob")
  return [
    `${error._tag}, exit code ${ofClientError(error._tag)}`,
    ...shown.map((line) => `  | ${line}`),
    `  $ parley: ${message}`
  ]
}

const section = (title: string, lines: ReadonlyArray<string>): string => [`## ${title}`, ...lines, ""].join("\n")

it("all messages that a person can meet are as they were read last, filled in; -u takes new ones over", async () => {
  const sections = [
    section("Errors, in the client (|) and of a one-shot command ($)", errors().flatMap(told)),
    section(
      "Events, in the client",
      events().flatMap((event) => [event._tag, ...shown(event).map((line) => `  | ${line}`)])
    ),
    section("Transfers, in a list", [
      ...new Set(transfers().map((one) => `${Sentence.title(one)}: ${Sentence.state(one)}${Sentence.brings(one)}`))
    ]),
    section("Ends of transfers", ends()),
    section("Dialling", dials()),
    section("The doctor", doctor()),
    section("/why", whys()),
    section("Disks", disks()),
    section("Nicknames", nicknames())
  ]
  await expect(sections.join("\n")).toMatchFileSnapshot("golden-texts-rendered.txt")
})

it("the words of servers in it are theirs", () => {
  const known = texts().map((text) => new RegExp(`^${text.split("‹…›").map(literal).join(".+")}$`))
  for (const { message } of refusals) expect([message, known.some((one) => one.test(message))]).toEqual([message, true])
})

it("no message says a thing twice, writes an address wrong, or leaves something out", () => {
  const all = [
    ...errors().flatMap(told),
    ...events().flatMap(shown),
    ...ends(),
    ...dials(),
    ...doctor(),
    ...whys(),
    ...disks()
  ]
  for (const line of all) {
    expect(line).not.toMatch(/undefined|\[object|NaN|null/)
    // IPv6 with a port stands in brackets.
    expect(line).not.toMatch(/(?<![[0-9a-f:])(?:[0-9a-f]{1,4}:){2,}:?[0-9a-f]{0,4}:\d{4,5}(?![\d:])/)
    const clauses = line
      .split(/[;:(),.] ?/)
      .map((clause) => clause.trim())
      .filter((clause) => clause.length > 12)
    expect([line, clauses.filter((clause, index) => clauses.indexOf(clause) !== index)]).toEqual([line, []])
  }
})

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

import type { ClientError, ClientErrorCode } from "../../../src/core/client/ClientError.js"
import * as ClientErrors from "../../../src/core/client/ClientError.js"
import * as ErrorTexts from "../../../src/core/client/ErrorTexts.js"
import type * as Control from "../../../src/protocol/Control.js"
import type { RefusalBody } from "../../../src/protocol/ControlCodec.js"
import { BOB, EVE, LONG, RTL } from "./Samples.js"

type Functions = typeof ErrorTexts
/** What makes an error of a client: each has to be called here, or this file does not compile. */
type Constructors = {
  [Name in keyof Functions as Functions[Name] extends (...args: never[]) => ClientError ? Name : never]: Functions[Name]
}
type Calls = {
  [Name in keyof Constructors]: Constructors[Name] extends (...args: infer Args) => ClientError
    ? ReadonlyArray<Args>
    : never
}

const owner = { nick: BOB.nick, peer: BOB.peer, fingerprint: BOB.fingerprint, verified: false }

/** One of each refusal that a server can give, in its own words. */
const REFUSALS: { readonly [Tag in Control.Refusal["_tag"]]: ReadonlyArray<Omit<Refused<Tag>, "_tag">> } = {
  NickTaken: [
    { message: '"bob", or one that looks like it, belongs to somebody else', suggestions: ["bob2", "bob_"] },
    { message: '"bob", or one that looks like it, belongs to somebody else', suggestions: [] }
  ],
  NickInvalid: [
    { message: "the nickname must not end in a dot or an apostrophe", reason: "must not end in a dot or an apostrophe" }
  ],
  NickReserved: [{ message: '"help" is reserved on this server' }],
  NotRegistered: [
    { message: "register a nickname first" },
    { message: "nothing was heard from this client for too long" },
    { message: "no nickname was registered in time" }
  ],
  NoSuchPeer: [{ message: "nobody here has that nickname" }],
  NotAccepting: [{ message: "that is your own nickname" }],
  RateLimited: [
    { message: "too many ask for this nickname now", retryAfterMs: 3_000 },
    { message: "too many requests of this kind; try again in 2 s", retryAfterMs: 2_000 }
  ],
  Unauthorized: [
    { message: "this server needs its access token, which its operator gives you: start again with --token TOKEN" },
    { message: "this is not this server's access token: start again with the right one (--token TOKEN)" },
    { message: "the record is for another nickname" }
  ],
  NotThisServer: [
    {
      message:
        "this server does not go by the name chat.example.org: its operator has to start it with --name chat.example.org"
    }
  ],
  Busy: [
    { message: "this server is full" },
    { message: "this server has no room for another nickname; try later" },
    { message: "too many connections from this address" },
    { message: "this client reads too slowly" }
  ],
  TooLarge: [{ message: "a line has at most 16384 bytes" }],
  Malformed: [{ message: "cannot read this line: not UTF-8" }],
  Unsupported: [{ message: "this server does not know that request" }]
}
type Refused<Tag extends Control.Refusal["_tag"]> = Extract<RefusalBody, { readonly _tag: Tag }>

export const refusals = Object.entries(REFUSALS).flatMap(([_tag, all]) =>
  all.map((refusal) => ({ _tag, ...refusal }) as Control.Refusal)
)

const CALLS: Calls = {
  ofRefusal: refusals.map((refusal) => [refusal]),
  ofSendRefusal: (["NotConsented", "BadLength", "OutboxFull"] as const).map((_tag) => [{ _tag }, BOB.nick]),
  notConnected: [[BOB.nick], [LONG], [RTL], ["#team"]],
  stranger: [[BOB.nick], [LONG], [RTL], ["#team"]],
  keyChanged: [
    [BOB.nick, owner, EVE.fingerprint],
    [BOB.nick, { ...owner, verified: true }, EVE.fingerprint],
    ["b0b", owner, EVE.fingerprint],
    [RTL, { ...owner, nick: RTL }, EVE.fingerprint]
  ],
  undecided: [
    [BOB.nick, BOB.fingerprint, EVE.fingerprint],
    [BOB.nick, BOB.fingerprint, undefined]
  ],
  unexpectedKey: [[BOB.nick, BOB.fingerprint, EVE.fingerprint]],
  noSuchKey: [
    [`no key of bob begins with 12345: it was shown ${BOB.fingerprint} and ${EVE.fingerprint}`],
    [`more than one key of bob begins with 12345: it was shown ${BOB.fingerprint} and ${EVE.fingerprint}`],
    ["give the digits that you compared: five of the fingerprint at least"],
    [`the key of bob is ${BOB.fingerprint}, which is not what you compared: nothing was verified`],
    ["a whole fingerprint has 30 digits in six groups of five"]
  ],
  blocked: [[BOB.nick]],
  noKey: [
    [BOB.nick, "it has no key (an anonymous nickname)"],
    [BOB.nick, "what the server shows of its key has expired; is its clock right?"],
    [BOB.nick, 'the server showed a record that somebody signed for "eve"'],
    [BOB.nick, 'the server showed an old record of this key, which is called "eve" by now']
  ],
  unreachable: [
    ["the server cannot be reached now; ask again later"],
    ["the server cannot be reached now; it is tried again by itself"]
  ],
  notTrusted: [],
  unauthorized: [["chat.example.org:9090 does not let you in: this server needs its access token"]],
  protocol: [
    ["the server sent a broken introduction"],
    ["the server answered for bob with eve"],
    ["the server did not answer in time; try again"]
  ],
  closed: [[]],
  noSuchPeer: [
    ["nobody on this network has that nickname"],
    ["nobody answers under that nickname on this network"],
    ["several people here are called bob: ask for bob#80018 or bob#04196"],
    ["bob is somebody else now; query bob to talk to them"],
    ["no changed key of bob was refused: nothing to trust"]
  ],
  yourself: [[BOB.nick]],
  notRegistered: [[]],
  nickInvalid: [["is empty"]],
  takenByOurselves: [[BOB.nick, ["bob2", "bob3"]]],
  notTaken: (["Ourselves", "OtherPeer", "NoRoom", "Blocked"] as const).map((reason) => [reason, BOB.nick]),
  tooManyPolicies: [[BOB.nick]],
  contactsFull: [[BOB.nick]],
  noSuchGroup: [["#club"]],
  notJoined: [["club"]],
  tooManyGroups: [[]],
  groupFull: [["club"]],
  noSuchMember: [[BOB.nick, "club"]],
  nobodyInGroup: [["club"]],
  groupNameInvalid: [["is empty"]],
  groupTooLong: [[60_000]],
  outboxesFull: [["club"]],
  profileFailed: [
    ["your profile: not allowed to lock /home/al/.local/share/parley/profiles/bob/lock"],
    ["your profile: no space left to write /home/al/.local/share/parley/profiles/bob/contacts"]
  ],
  readReceiptsOff: [[]],
  tooManyWatched: [[BOB.nick]],
  eventsUnread: [[]],
  noNetwork: [["cannot open a UDP socket: EACCES"]]
}

/** Errors that are made where they happen, in the words of the source. */
const OTHERS: { readonly [Code in Exclude<ClientErrorCode, Made>]: ReadonlyArray<string> } = {
  File: ["cannot read film.mp4: it does not exist", "there are over 65536 files in photos"],
  NoSuchTransfer: ["there is no transfer 3", "this is no offer that waits for your answer"],
  History: ["cannot read /home/al/.local/share/parley/profiles/bob/history: EIO"],
  HistoryOff: [
    "history is off this time (--no-history)",
    "nothing is kept this time: another parley of yours uses this nickname"
  ]
}
/** Those of `CALLS`. */
type Made = {
  [Name in keyof Constructors]: Constructors[Name] extends (...args: never[]) => infer Made
    ? Extract<Made, ClientError>["_tag"]
    : never
}[keyof Constructors]

// Each by its name, as the tables above have them.
const { ...made }: Functions = ErrorTexts
const { ...classes } = ClientErrors

export const errors = (): ReadonlyArray<ClientError> => [
  ...Object.entries(CALLS).flatMap(([name, calls]) =>
    calls.map((args) => (made[name as keyof Constructors] as (...args: ReadonlyArray<unknown>) => ClientError)(...args))
  ),
  ...Object.entries(OTHERS).flatMap(([code, messages]) =>
    messages.map((message) => new classes[code as keyof typeof OTHERS]({ message }))
  )
]

/** A fault that is planted in the program for the suite to find: the text `from` in a file becomes `to`. */
export interface Plant {
  readonly what: string
  /** Below `src`. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The rule of a check that does not hold then. */
  readonly rule: string
}

export const SERVER_PLANTS: ReadonlyArray<Plant> = [
  {
    what: "every connection has the same challenge",
    file: "server/Hub.ts",
    from: "const challenge = this.#services.entropy.bytes(CHALLENGE_BYTES)",
    to: "const challenge = new Uint8Array(CHALLENGE_BYTES)",
    rule: "1.2-3"
  },
  {
    what: "signatures are not verified",
    file: "server/Proofs.ts",
    from: "verifier.verify(question.checks,",
    to: "verifier.verify([],",
    rule: "1.5-12"
  },
  {
    what: "a record may be for another nickname",
    file: "core/rendezvous/Proof.ts",
    from: "if (Nickname.key(record.nick) !== nickname.key)",
    to: "if (Nickname.key(record.nick) === '')",
    rule: "1.5-12"
  },
  {
    what: "a proof may be for another server",
    file: "server/SessionDriver.ts",
    from: "if (names.includes(server, this.connection)) return undefined",
    to: "if (names !== undefined) return undefined",
    rule: "1.5-8"
  },
  {
    what: "nicknames that look alike are given away",
    file: "core/rendezvous/RegistryMachine.ts",
    from: "const alike = this.#byLookalike.get(nickname.lookalike)",
    to: "const alike = this.#byLookalike.get('')",
    rule: "1.3-9"
  },
  {
    what: "a nickname is given back to whoever comes",
    file: "core/rendezvous/RegistryMachine.ts",
    from: "return resume !== undefined && Bytes.equal(",
    to: "return resume !== undefined || Bytes.equal(",
    rule: "1.4-4"
  },
  {
    what: "Exit holds the nickname",
    file: "server/Hub.ts",
    from: 'this.registry.release(driver.id, ending !== "exit")',
    to: "this.registry.release(driver.id, true)",
    rule: "1.2-30"
  },
  {
    what: "candidates may be multicast",
    file: "server/SessionDriver.ts",
    from: "return endpoint !== undefined && Endpoint.isCandidate(endpoint, isSameHost)",
    to: "return endpoint !== undefined",
    rule: "3.4-16"
  },
  {
    what: "private addresses show once they are updated",
    file: "core/rendezvous/Introduction.ts",
    from: "candidates: endpoints",
    to: "candidates: address === '' ? ['192.0.2.7:7'] : endpoints",
    rule: "1.2-16"
  },
  {
    what: "an envelope needs no token",
    file: "core/rendezvous/Relay.ts",
    from: "|| !Bytes.equal(from.token, token)) return this.#unknown()",
    to: ") return this.#unknown()",
    rule: "2.2-2"
  },
  {
    what: "the relay sends to addresses that have proven nothing",
    file: "core/rendezvous/ReturnAddress.ts",
    from: "return now < this.#provenAt +",
    to: "return this.#heardAt > 0 || now < this.#provenAt +",
    rule: "2.2-4"
  },
  {
    what: "the other side of a query is told another channel",
    file: "server/Introductions.ts",
    from: "other.push(encodeIncoming(halfFor(right)))",
    to: "other.push(encodeIncoming(halfFor({ ...right, channel: 'AAAAAAAAAAA' as never })))",
    rule: "1.2-17"
  }
]

export const CLIENT_PLANTS: ReadonlyArray<Plant> = [
  {
    what: "mac1 is not looked at",
    file: "core/peer/handshake/Handshake.ts",
    from: "border >= 0 &&",
    to: "border >= 0 || crypto === undefined ||",
    rule: "3.2-2"
  },
  {
    what: "an old HS1 is answered",
    file: "core/peer/handshake/HandshakeTerms.ts",
    from: "|| received.payload.attempt <= introduction.receivedAttempt) return undefined",
    to: ") return undefined",
    rule: "3.2-5"
  },
  {
    what: "a packet may come again",
    file: "core/peer/keys/ReplayWindow.ts",
    from: "return (this.#bits[word(counter)]! & bit(counter)) === 0",
    to: "return counter >= 0",
    rule: "3.3-4"
  },
  {
    what: "what is sent is not padded",
    file: "protocol/DataPacket.ts",
    from: "return over === 0 ? 0 :",
    to: "return over < 1e9 ? 0 :",
    rule: "3.5-5"
  },
  {
    what: "strangers have no credit to keep to",
    file: "core/peer/chat/Conversation.ts",
    from: "if (this.credit.messages < 1 || this.credit.bytes < length) return false",
    to: "if (this.credit.messages < -1e9) return false",
    rule: "3.5-11"
  },
  {
    what: "a message is shown each time that it comes",
    file: "core/peer/chat/Conversation.ts",
    from: "if (this.#seen.has(id)) {\n      onShown",
    to: "if (id.length === 0) {\n      onShown",
    rule: "3.5-6"
  },
  {
    what: "RETRY is ignored",
    file: "core/peer/handshake/HandshakeInitiator.ts",
    from: "const cookie = openRetry(terms, packet)",
    to: "const cookie = openRetry(terms, packet.subarray(1))",
    rule: "3.2-23"
  },
  {
    what: "a record that has expired is taken",
    file: "core/client/Introductions.ts",
    from: "isFresh ? PeerRecord.ANY_TIME : wallNow",
    to: "isFresh || wallNow > 0 ? PeerRecord.ANY_TIME : wallNow",
    rule: "1.5-15"
  },
  {
    what: "a new key under a known nickname is taken",
    file: "core/client/Introductions.ts",
    from: "if (owner !== undefined) {\n    const error",
    to: "if (owner !== undefined && nick === '') {\n    const error",
    rule: "1.5-20"
  },
  {
    what: "an ACK of what was never sent is believed",
    file: "core/peer/Connection.ts",
    from: "if (!this.#packets.haveSent(frame)) return false",
    to: "if (!this.#packets.haveSent(frame)) return true",
    rule: "3.3-3"
  },
  {
    what: "streams may be opened by strangers",
    file: "core/peer/Connection.ts",
    from: "return this.#context.conversation.consented && this.streams.onStream",
    to: "return this.streams.onStream",
    rule: "3.6-3"
  },
  {
    what: "a record that is not known ends the connection",
    file: "core/peer/chat/ChatChannel.ts",
    from: 'case "Unknown":\n        this.release(size)\n        return true',
    to: 'case "Unknown":\n        this.release(size)\n        return false',
    rule: "3.5-5"
  },
  {
    what: "a peer may use streams of ours that we have not opened",
    file: "core/peer/stream/Streams.ts",
    from: "return id < this.#nextOwn\n",
    to: "return id > 0\n",
    rule: "3.6-1"
  },
  {
    what: "one frame may open any number of streams",
    file: "core/peer/stream/Streams.ts",
    from: "if (id >= this.#nextTheirs + 2 * MAX_STREAMS) return false",
    to: "if (id < 0) return false",
    rule: "3.6-4"
  },
  {
    what: "a stream may end at two places",
    file: "core/peer/stream/DataStream.ts",
    from: "(this.#finalOffset ?? offset) !== offset ||",
    to: "",
    rule: "3.6-6"
  },
  {
    what: "chunks are not verified",
    file: "core/files/FileReceiver.ts",
    from: "&& !assembler.verify(this.crypto)) this.fail",
    to: "&& !assembler.verify(this.crypto) && this.crypto === undefined) this.fail",
    rule: "3.8-16"
  },
  {
    what: "manifest and leaves are not verified",
    file: "core/files/Manifest.ts",
    from: "if (!equal(yield* root(crypto, offer, contents, slice), offer.root)) return undefined",
    to: "",
    rule: "3.8-15"
  },
  {
    what: "an offer may keep back what tools run by themselves",
    file: "core/files/Manifest.ts",
    from: "|| risks !== (offer.risks & KNOWN_RISKS)",
    to: "",
    rule: "3.8-9"
  },
  {
    what: "offers are declined without asking",
    file: "client/files/Incoming.ts",
    from: 'case "offered":\n        return false',
    to: "case 'offered':\n        machine.decline('Declined')\n        return true",
    rule: "3.8-13"
  },
  {
    what: "records before the answer may be long",
    file: "core/files/FileReceiver.ts",
    from: "export const MAX_FIRST = 2 * 1024",
    to: "export const MAX_FIRST = 64 * 1024",
    rule: "3.8-12"
  },
  {
    what: "a pause of the receiver is not kept",
    file: "core/files/FileSender.ts",
    from: "|| this.pausedBy !== undefined) return false",
    to: ") return false",
    rule: "3.8-16"
  },
  {
    what: "chunks are sent that the receiver has",
    file: "core/files/FileSender.ts",
    from: "this.#chunk = have.nextMissing(0)",
    to: "this.#chunk = 0",
    rule: "3.8-16"
  },
  {
    what: "a handshake that names the connection begins another one",
    file: "core/peer/handshake/HandshakeResponder.ts",
    from: "const localId = rekeys?.localId ?? entropy",
    to: "const localId = entropy",
    rule: "3.2-6"
  },
  {
    what: "keys are dropped as soon as there are others",
    file: "core/peer/keys/KeyRing.ts",
    from: "this.#keep({ epoch: this.#current, until: now + ACCEPT_OTHERS, isNext: false })",
    to: "this.#drop(this.#current)",
    rule: "3.2-29"
  },
  {
    what: "both sides answer handshakes that cross",
    file: "core/peer/Association.ts",
    from: "Bytes.compare(ownKey, introduction.record.staticKey) < 0",
    to: "Bytes.compare(ownKey, introduction.record.staticKey) < -1e9",
    rule: "3.2-16"
  },
  {
    what: "where the server's UDP is said to be is passed over",
    file: "core/nat/ServerPorts.ts",
    from: "if (udpAt === undefined)",
    to: "if (udpAt === undefined || udpAt !== undefined)",
    rule: "2-2"
  },
  {
    what: "where both sides meet is passed over",
    file: "core/client/RelayTransport.ts",
    from: "this.#meetingAt(relay.at ?? [], isUsed, now)",
    to: "this.#meetingAt([], isUsed, now)",
    rule: "2.2-11"
  },
  {
    what: "whoever has not been asked for has ports tried",
    file: "core/peer/Connection.ts",
    from: "return isNamed && this.#context.guesses && this.chat.mutual",
    to: "return isNamed && this.#context.guesses",
    rule: "3.4-21"
  },
  {
    what: "ports of any address are tried",
    file: "core/peer/Connection.ts",
    from: "return isNamed && this.#context.guesses && this.chat.mutual",
    to: "return this.#context.guesses && this.chat.mutual",
    rule: "3.4-21"
  }
]

/** For a client on the local network. */
export const LAN_PLANTS: ReadonlyArray<Plant> = [
  {
    what: "a card answers any question",
    file: "core/lan/Neighbour.ts",
    from: "Bytes.equal(asked.bytes, question) ?",
    to: "question.length > 0 ?",
    rule: "4-11"
  },
  {
    what: "it answers wherever it was asked",
    file: "core/lan/Neighbourhood.ts",
    from: "|| !this.#isHere(packet.at)) return",
    to: ") return",
    rule: "4-10"
  },
  {
    what: "an invitation needs no cookie",
    file: "core/lan/Neighbourhood.ts",
    from: 'if (packet.kind === "invite" && !this.#isCookie(',
    to: "if (packet.kind === undefined && !this.#isCookie(",
    rule: "4-12"
  },
  {
    what: "packets for others are answered",
    file: "core/lan/Neighbourhood.ts",
    from: "packet.to !== this.name ||",
    to: "",
    rule: "4-16"
  }
]

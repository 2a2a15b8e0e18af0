import { Contacts } from "../../../src/core/client/Contacts.js"
import { Groups } from "../../../src/core/client/groups/Groups.js"
import type { OfferedIntroduction } from "../../../src/core/client/Introductions.js"
import type { OwnCard } from "../../../src/core/client/LanRendezvous.js"
import type { OwnProfile } from "../../../src/core/client/OwnRecord.js"
import { ServerPins } from "../../../src/core/client/ServerPins.js"
import * as Base64Url from "../../../src/domain/Base64Url.js"
import { CHANNEL_BYTES, channelIdOf } from "../../../src/domain/ChannelId.js"
import * as Fingerprint from "../../../src/domain/Fingerprint.js"
import * as Identity from "../../../src/domain/Identity.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as PeerRecord from "../../../src/protocol/PeerRecord.js"
import { WALL } from "./Context.js"

/** A person with a key of their own, below 256, as a server or a local network shows them to others. */
export class Somebody {
  readonly identity: Identity.Identity

  constructor(
    readonly nick: string,
    private readonly key: number
  ) {
    this.identity = Identity.fromSeed(crypto, new Uint8Array(32).fill(key))
  }

  get peer() {
    return peerIdOf(this.identity.signKeys.publicKey)
  }

  get fingerprint() {
    return Fingerprint.of(crypto, this.identity.signKeys.publicKey)
  }

  record(expiry = WALL + 1_000, sequence = 1): Uint8Array {
    const { signKeys, staticKeys } = this.identity
    return PeerRecord.sign(crypto, signKeys.secretKey, {
      nick: this.nick,
      identity: signKeys.publicKey,
      staticKey: staticKeys.publicKey,
      sequence,
      expiry
    })!
  }

  offered(more: Partial<OfferedIntroduction> = {}): OfferedIntroduction {
    return {
      nick: this.nick,
      address: `203.0.113.${this.key}:4000`,
      record: Base64Url.encode(this.record()),
      candidates: [`203.0.113.${this.key}:4000`],
      channel: channelIdOf(new Uint8Array(CHANNEL_BYTES).fill(this.key)),
      pairKey: Base64Url.encode(new Uint8Array(32).fill(this.key)),
      ...more
    }
  }

  profile(more: Partial<OwnProfile> = {}): OwnProfile {
    const lists = { contacts: new Contacts(), servers: ServerPins.empty(), groups: new Groups() }
    const known = { identity: this.identity, ...lists, persistent: true }
    return { ...known, location: "memory", journal: undefined, ...more }
  }

  card(): OwnCard {
    const { fingerprint, nick } = this
    const { signKeys } = this.identity
    return { signKeys, record: this.record(), nick, address: `192.168.1.${this.key}:4000`, fingerprint }
  }
}

/**
 * parley for programs that do not use Effect (package export `parley-chat/promise`): `connect` is a client, `serve` a
 * server. Texts and nicknames come as other people sent them: never print them to a terminal but through `SafeText`.
 */

export {
  type AcceptPolicy,
  type AnswerPolicy,
  type CallPolicy,
  type ClientOptions,
  DEFAULT_LINGER,
  MAX_SERVERS,
  MAX_STUN,
  type ServerAt,
  type ServerTls
} from "../client/ClientOptions.js"
export * from "../client/Errors.js"
export type { CancelReason } from "../client/files/Api.js"
export type { ClientEvent, TransferEvent } from "../core/client/Events.js"
export type { GroupInfo, GroupMember, GroupName, GroupSent } from "../core/client/groups/GroupInfo.js"
export type { KeyChange } from "../core/client/KeyChange.js"
export type { KeyInfo } from "../core/client/KeyInfo.js"
export type { ListedPeer, PeerInfo } from "../core/client/PeerInfo.js"
export type { PersonKey } from "../core/client/People.js"
export { isOver, MAX_FINISHED, type Transfer, type TransferState } from "../core/client/Transfer.js"
export type { Why } from "../core/client/Why.js"
export {
  DEFAULT_LIMIT,
  type HistoryMessage,
  type HistoryPage,
  type HistoryQuery,
  MAX_LIMIT
} from "../core/history/HistoryPage.js"
export type { DisconnectReason } from "../core/peer/PeerEvent.js"
export type { Consent, PeerStatus } from "../core/peer/PeerStatus.js"
export type { Policy } from "../core/peer/path/Policy.js"
export type { PathInfo } from "../core/peer/Route.js"
export type { ProxyAddress } from "../domain/ProxyAddress.js"
export * as SafeText from "../domain/SafeText.js"
export type { ServerStats } from "../server/Counters.js"
export { defaults as serverDefaults, type ServerOptions } from "../server/ServerOptions.js"
export { CryptoError } from "../services/Crypto.js"
export { ListenError } from "../services/Listener.js"
export type {
  CallOptions,
  ConnectOptions,
  Peer,
  PromiseClient,
  PromiseFiles,
  PromiseGroups,
  PromiseServer,
  ServeOptions
} from "./Api.js"
export { connect } from "./Client.js"
export { serve } from "./Server.js"

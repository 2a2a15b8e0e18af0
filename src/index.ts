/**
 * parley as a library. A program is an Effect that uses `Client`; `layerClient` connects it, and `layerNode` gives it a
 * real machine. `parley-chat/sim` has machines in memory for tests. Texts and nicknames come as other people sent them:
 * never print them to a terminal unescaped.
 */

// Clients: nicknames, introductions, conversations.
export type { Channel, InvitedChannel, OpenChannel } from "./client/Channels.js"
export {
  Client,
  type ClientApi,
  type ClientServices,
  layer as layerClient,
  make as makeClient,
  type QueryOptions,
  type Registration
} from "./client/Client.js"
export type { AcceptPolicy, AnswerPolicy, CallPolicy, ClientOptions } from "./client/ClientOptions.js"
export type { FilesApi } from "./client/files/Api.js"
export type { GroupsApi } from "./client/GroupsApi.js"
export { layer as layerProfiles, type Profile, ProfileError, Profiles } from "./client/Profile.js"
export type {
  AcceptError,
  ClientError,
  ClientErrorCode,
  ContactError,
  GroupError,
  GroupSendError,
  HistoryError,
  OfferError,
  QueryError,
  ReadError,
  RegisterError,
  SendError,
  ServerError,
  TransferError,
  TrustError
} from "./core/client/ClientError.js"
export type { ClientEvent, TransferEvent } from "./core/client/Events.js"
export type { GroupInfo, GroupMember, GroupName, GroupSent } from "./core/client/groups/GroupInfo.js"
export type { KeyChange } from "./core/client/KeyChange.js"
export type { KeyInfo } from "./core/client/KeyInfo.js"
export type { ListedPeer, PeerInfo } from "./core/client/PeerInfo.js"
export type { PersonKey } from "./core/client/People.js"
export type { Transfer, TransferState } from "./core/client/Transfer.js"
export type { TransferId } from "./core/files/Content.js"
export type { HistoryMessage, HistoryPage, HistoryQuery } from "./core/history/HistoryPage.js"
export type { SendRefusal } from "./core/peer/chat/Conversation.js"
export type { DisconnectReason } from "./core/peer/PeerEvent.js"
export type { Consent, PeerStatus } from "./core/peer/PeerStatus.js"
export type { PathInfo } from "./core/peer/Route.js"
// The machine that they run on.
export { layerNode } from "./layers/node/Layers.js"
// Servers.
export type { ServerStats } from "./server/Counters.js"
export { layerStandalone as layerServer, Server, type ServerApi } from "./server/Server.js"
export type { ServerOptions } from "./server/ServerOptions.js"

/**
 * parley as a library. A program is an Effect that uses `Client`; `layerClient` connects it, and `layerNode` gives it a
 * real machine. `parley-chat/sim` has machines in memory for tests. Texts and nicknames come as other people sent them:
 * never print them to a terminal but through `SafeText`.
 */

// Clients: nicknames, introductions, conversations.
export type { Channel, InvitedChannel, OpenChannel } from "./client/Channels.js"
export {
  Client,
  type ClientApi,
  type ClientServices,
  layer as layerClient,
  make as makeClient,
  type PreferencesApi,
  type QueryOptions,
  type Registration
} from "./client/Client.js"
export { clientConfig, layerConfig as layerClientConfig } from "./client/ClientConfig.js"
export {
  ACCEPT_POLICIES,
  type AcceptPolicy,
  ANSWER_POLICIES,
  type AnswerPolicy,
  CALL_POLICIES,
  type CallPolicy,
  type ClientOptions,
  DEFAULT_LINGER,
  MAX_SERVERS,
  MAX_STUN,
  type ServerAt,
  type ServerTls
} from "./client/ClientOptions.js"
// What can go wrong, by tag.
export * from "./client/Errors.js"
export type { Told } from "./client/EventQueue.js"
export type { CancelReason, FilesApi } from "./client/files/Api.js"
export type { GroupsApi } from "./client/GroupsApi.js"
export type { InputFile } from "./client/history/InputFile.js"
export { layer as layerClientMetrics } from "./client/Metrics.js"
export { layer as layerProfiles, type Profile, ProfileError, Profiles } from "./client/Profile.js"
export { ClientEvent, TransferEvent } from "./core/client/Events.js"
export type { GroupInfo, GroupMember, GroupName, GroupSent } from "./core/client/groups/GroupInfo.js"
export { KeyChange } from "./core/client/KeyChange.js"
export type { KeyInfo } from "./core/client/KeyInfo.js"
export type { ListedPeer, PeerInfo } from "./core/client/PeerInfo.js"
export type { PersonKey } from "./core/client/People.js"
export type { Preferences } from "./core/client/Preferences.js"
export { isOver, MAX_FINISHED, Transfer, TransferState } from "./core/client/Transfer.js"
export type { Why } from "./core/client/Why.js"
export { TransferId } from "./core/files/Content.js"
export {
  DEFAULT_LIMIT,
  type HistoryMessage,
  type HistoryPage,
  type HistoryQuery,
  MAX_LIMIT
} from "./core/history/HistoryPage.js"
export type { InputLine } from "./core/history/InputLines.js"
export type { SendRefusal } from "./core/peer/chat/Conversation.js"
export type { DisconnectReason } from "./core/peer/PeerEvent.js"
export type { Consent, PeerStatus } from "./core/peer/PeerStatus.js"
export { POLICIES, type Policy } from "./core/peer/path/Policy.js"
export type { PathInfo } from "./core/peer/Route.js"
// What limits a server.
export type { Listing } from "./core/rendezvous/Directory.js"
export type { AddressLimits } from "./core/rendezvous/Networks.js"
export type { ReflectorLimits, ReflectorStats } from "./core/rendezvous/Reflector.js"
export type { RefusalReason } from "./core/rendezvous/RefusalLog.js"
export type { RelayLimits, RelayStats } from "./core/rendezvous/Relay.js"
export type { Ending, SessionLimits } from "./core/rendezvous/Session.js"
export type { Rate } from "./core/support/TokenBucket.js"
// What things are.
export type {
  Crypto as Primitives,
  Hasher,
  KeyPair,
  NoiseHandshake,
  NoiseOptions,
  SignatureCheck
} from "./domain/Crypto.js"
export * as Endpoint from "./domain/Endpoint.js"
export type { FileName } from "./domain/FileName.js"
export * as Fingerprint from "./domain/Fingerprint.js"
export { MessageId } from "./domain/MessageId.js"
export * as Nickname from "./domain/Nickname.js"
export type { ProxyAddress } from "./domain/ProxyAddress.js"
export * as SafeText from "./domain/SafeText.js"
// The machine that they run on.
export { layerMachine, layerNode } from "./layers/node/Layers.js"
// Servers.
export type { ServerStats } from "./server/Counters.js"
export { layer as layerServerMetrics } from "./server/Metrics.js"
export { layerStandalone as layerServer, Server, type ServerApi } from "./server/Server.js"
export { type Changeable, defaults as serverDefaults, type Place, type ServerOptions } from "./server/ServerOptions.js"
// What both ask of their machine.
export { Crypto, CryptoError } from "./services/Crypto.js"
export { Datagrams, DatagramsError } from "./services/Datagrams.js"
export { DialError, Dialer } from "./services/Dialer.js"
export { Entropy } from "./services/Entropy.js"
export {
  type Directory,
  Files,
  FilesError,
  type Found,
  type FoundEntry,
  type Incoming,
  type Landing,
  type Source,
  type Spool
} from "./services/Files.js"
export { Interfaces } from "./services/Interfaces.js"
export { type JoinOptions, LanDiscovery, LanDiscoveryError } from "./services/LanDiscovery.js"
export {
  ListenError,
  Listener,
  type ListeningTls,
  type ShownCertificate,
  type TlsCredentials
} from "./services/Listener.js"
export { type Forwarding, type ForwardOptions, PortMapping } from "./services/PortMapping.js"
export { ResolveError, Resolver } from "./services/Resolver.js"
export { SignatureVerifier } from "./services/SignatureVerifier.js"
export { Store, StoreError } from "./services/Store.js"

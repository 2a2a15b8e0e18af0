import type { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import type { Entropy } from "../services/Entropy.js"
import type { Files } from "../services/Files.js"
import type { Interfaces } from "../services/Interfaces.js"
import type { Listener } from "../services/Listener.js"
import type { Resolver } from "../services/Resolver.js"
import type { Store } from "../services/Store.js"

/**
 * What a simulated machine offers to its program: the very services that the live layers offer.
 *
 * @since 0.1.0
 */
export type Services = Datagrams | Listener | Dialer | Resolver | Store | Files | Entropy | Interfaces | Crypto

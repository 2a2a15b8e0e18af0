import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { byLabel, INTERVAL, publish } from "../services/Figures.js"
import { Client } from "./Client.js"

/**
 * What the client has told its consumer, as a metric of Effect: `parley_client_events` by the tag of the event
 * (`Message`, `Delivered`, `Connected` …), read every ten seconds when left out.
 *
 * @since 0.1.0
 */
export const layer = (interval: Duration.DurationInput = INTERVAL): Layer.Layer<never, never, Client> =>
  Layer.scopedDiscard(
    Effect.flatMap(Client, ({ told }) =>
      publish(
        Effect.map(told, (told) =>
          byLabel({ kind: "counter", name: "parley_client_events", help: "Events told to the consumer" }, "event", told)
        ),
        interval
      )
    )
  )

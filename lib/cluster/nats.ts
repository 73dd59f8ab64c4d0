/**
 * What is used of the client of NATS. The packages are named here and nowhere else.
 *
 * @module
 */

export {
  connect,
  createInbox,
  errors,
  headers,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  type Subscription,
} from "npm:@nats-io/transport-node@^3.4.0";
export {
  AckPolicy,
  type ConsumerMessages,
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  JetStreamError,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
} from "npm:@nats-io/jetstream@^3.4.0";
export { NodeTransport } from "npm:@nats-io/transport-node@^3.4.0/lib/node_transport.js";

// The declarations of lib/cluster/nats.ts

export { type Msg, type NatsConnection } from "npm:@nats-io/transport-node@^3.4.0";
export { type ConsumerMessages, type JetStreamManager } from "npm:@nats-io/jetstream@^3.4.0";

export {};

// The declarations of lib/pool/calls/call_site.ts

/** Stack of a call. It is formatted only if it is read. */
export interface CallSite {
  readonly stack?: string;
}

export {};

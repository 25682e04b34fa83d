/** A change as a lease stream carries it: one more than the change before; a jump means that something was lost. */
export interface NumberedChange {
  readonly number: number;
}

/** What an owner says on a lease stream (`LeaseReply` of vault_directory.proto and policy.proto). */
export interface LeaseReply<Change extends NumberedChange> {
  /** To be applied in this order, and before the grant counts. */
  readonly changes: readonly Change[];
  /**
   * Every request is answered in its turn by one reply with a lease greater than 0, counted from when the request was sent.
   * 0: only changes, no answer.
   */
  readonly leaseMilliseconds: number;
}

/** The holder's end of a lease stream. */
export interface LeaseStream<Change extends NumberedChange> {
  /** Acknowledges every change up to `applied` and asks for the lease again. Does nothing once the stream has ended. */
  send(applied: number): void;
  /** Ends, or throws, when the stream does, whoever ended it. */
  readonly replies: AsyncIterable<LeaseReply<Change>>;
  close(): void;
}

/** The owner's end of a lease stream. It lasts as long as what serves it runs. */
export interface LeaseCall<Change extends NumberedChange> {
  /** `applied` of each request. Ends when the holder or the connection does. */
  readonly requests: AsyncIterable<number>;
  send(reply: LeaseReply<Change>): void;
}

/** A vault to forget: the next request for it asks again. */
export interface VaultChange extends NumberedChange {
  readonly vaultId: string;
}

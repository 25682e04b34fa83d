/** What one append has made out of date. */
export interface Change {
  /** `tseq` of the owner's log of changes: grows, may jump. */
  readonly seq: number;
  readonly vaultId: string;
  readonly streamIds: readonly string[];
}

/** One remote cache that holds a lease of this instance. */
export interface LeaseHolder {
  /**
   * The holder has applied every change up to `appliedSeq` and asks for the lease again. Returns the milliseconds that the
   * lease may last from when the holder sent its request: never longer than this instance's own lease still lasts; 0 when
   * this instance has none.
   */
  renew(appliedSeq: number): number;
  /** As `renew`, but asks for nothing: what was granted before ends when it would have. */
  acknowledge(appliedSeq: number): void;
  /** The holder is gone; it counts until what it was granted last has expired. */
  close(): void;
}

/**
 * Hands an owning service's changes to remote caches (architecture §5, rule 7). The instance acknowledges a change to its
 * siblings only when each of its own holders has acknowledged it or has expired, so that a writer on any instance waits for
 * every cache there is.
 */
export interface ChangeHub {
  /** Highest change that this instance has applied; what a new holder starts from. */
  appliedSeq(): number;
  /** Highest change that is committed in the owner's database, on whatever instance. Throws ServiceUnavailable. */
  committedSeq(): Promise<number>;
  /** Registers a holder; changes after `appliedSeq()` arrive through `onChange`, in order, without gaps. */
  open(onChange: (change: Change) => void): LeaseHolder;
  /** Resolves when every unexpired lease has acknowledged the change. */
  awaitEnforced(seq: number): Promise<void>;
}

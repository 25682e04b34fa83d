/** How a key came here when it was not made for its first use: brought by a caller, or made by a rotation. */
export type KeyOrigin = 'imported' | 'rotated';

/** Names the exchange key version that an imported key was wrapped to. */
export interface ExchangeKeyName {
  readonly name: string;
  readonly version: string;
}

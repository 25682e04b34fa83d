/** What every command about a key has: all times are Unix seconds, `name` is as the caller wrote it. */
export interface Named {
  readonly name: string;
  readonly now: number;
}

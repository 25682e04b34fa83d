/** Descriptive text of an object version: name → value. */
export type Tags = Readonly<Record<string, string>>;

import type { RecordedEvent } from './event.js';

/** Turns `data` of one schema version into the next; pure. */
export type Upcaster = (data: unknown) => unknown;

/** `type` → schema version it upcasts from → upcaster. */
export type Upcasters = Readonly<Record<string, Readonly<Record<number, Upcaster>>>>;

/** Applies upcasters until none is left for the event's version. Inside a version only optional members may be added. */
export function upcast(event: RecordedEvent, upcasters: Upcasters): RecordedEvent {
  let current = event;
  for (;;) {
    const next = upcasters[current.type]?.[current.schemaVersion];
    if (next === undefined) return current;
    current = { ...current, schemaVersion: current.schemaVersion + 1, data: next(current.data) };
  }
}

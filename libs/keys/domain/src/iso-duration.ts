/** A calendar duration (ISO 8601-1, 5.5.2.2) in the units that policies use. */
export interface IsoDuration {
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const FORM = /^P(?!$)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(\d{1,5})H)?$/;
const MILLISECONDS_PER_HOUR = 3_600_000;
const HOURS_PER_DAY = 24;
const DAYS_PER_MONTH = 30;
const DAYS_PER_YEAR = 365;

/** `P2Y`, `P18M`, `P90D`, `PT48H` and their combinations; `undefined` for anything else. */
export function parseIsoDuration(text: string): IsoDuration | undefined {
  const found = FORM.exec(text);
  if (found === null || text.endsWith('T')) return undefined;
  const [years = 0, months = 0, days = 0, hours = 0] = found
    .slice(1)
    .map((digits: string | undefined) => Number(digits ?? 0));
  return { months: 12 * years + months, days, hours };
}

/** Unix seconds → Unix seconds. A month ends where its month does: 31 January and one month is the last of February. */
export function addDuration(seconds: number, duration: IsoDuration, sign: 1 | -1 = 1): number {
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + sign * duration.months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  const hours = sign * (duration.days * HOURS_PER_DAY + duration.hours);
  return Math.floor((date.getTime() + hours * MILLISECONDS_PER_HOUR) / 1000);
}

/** For comparisons of durations: years of 365 days and months of 30. */
export function daysOf({ months, days, hours }: IsoDuration): number {
  const years = Math.floor(months / 12);
  return years * DAYS_PER_YEAR + (months % 12) * DAYS_PER_MONTH + days + hours / HOURS_PER_DAY;
}

/** The middle one of an odd number of values, the upper one of the two in the middle otherwise. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** One line per figure: what, how much, and how it compares with its target. */
export function report(what, value, unit, target, met) {
  const shown = typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value;
  const verdict = target === undefined ? '' : `  target ${target}: ${met ? 'met' : 'NOT met'}`;
  console.log(`${what.padEnd(58)} ${String(shown).padStart(9)} ${unit}${verdict}`);
}

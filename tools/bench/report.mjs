/** One line per figure: what, how much, and how it compares with its target. */
export function report(what, value, unit, target, met) {
  const shown = typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value;
  const verdict = target === undefined ? '' : `  target ${target}: ${met ? 'met' : 'NOT met'}`;
  console.log(`${what.padEnd(58)} ${String(shown).padStart(9)} ${unit}${verdict}`);
}

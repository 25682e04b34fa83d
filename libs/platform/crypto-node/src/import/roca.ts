const GENERATOR = 65537n;
/** Odd primes below 168: those that the generator of CVE-2017-15361 leaves its mark on, whatever the size of the key. */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
].map(BigInt);

/** Of each prime, the residues that powers of 65537 have. */
const residues = PRIMES.map((prime) => ({ prime, powers: powersOf(GENERATOR, prime) }));

/**
 * Whether a modulus comes from the Infineon generator whose keys can be factored: its primes, and so their product, are
 * powers of 65537 modulo every small prime (Nemec et al., The Return of Coppersmith's Attack, 2017, §2). An honest modulus
 * passes for one with a probability below 2^-27.
 */
export function isRocaModulus(n: bigint): boolean {
  return residues.every(({ prime, powers }) => powers.has(n % prime));
}

function powersOf(base: bigint, modulus: bigint): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * base) % modulus) powers.add(power);
  return powers;
}

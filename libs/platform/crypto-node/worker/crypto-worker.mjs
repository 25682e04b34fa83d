/**
 * A thread that does what would block the event loop: RSA private operations, ECDSA verification, and the making of RSA keys. Plain JavaScript
 * outside src/, so that one relative URL finds it from src/ and from dist/. The protocol is typed in src/pool/protocol.ts.
 */
import {
  checkPrimeSync,
  constants,
  createPrivateKey,
  generateKeyPairSync,
  privateDecrypt,
  privateEncrypt,
} from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

/** Answers wait at most this long (milliseconds) for others to travel with. */
const ANSWER_EVERY = 2;
/** Of threads in the background, as for `nice`: where every core is busy they get a tenth of one, enough for a key in time. */
const NICENESS = 10;

/** Key id → KeyObject; which keys are here is decided by the sender. */
const keys = new Map();
/** Curve → its functions; loaded when first needed. */
let curves;

/** Commands come in batches and are obeyed in their order. */
function obey(commands) {
  let answers = [];
  let answeredAt = performance.now();
  for (const command of commands) {
    if (command.op === 'key') keys.set(command.id, imported(command.der));
    else if (command.op === 'drop') keys.delete(command.id);
    else answers.push({ seq: command.seq, value: attempt(command) });
    if (answers.length > 0 && performance.now() - answeredAt >= ANSWER_EVERY) {
      send(answers);
      answers = [];
      answeredAt = performance.now();
    }
  }
  if (answers.length > 0) send(answers);
}

/** PKCS#8 DER as a key; the bytes are overwritten. */
function imported(der) {
  const key = createPrivateKey({ key: Buffer.from(der.buffer), format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

/** `undefined` for every failure: why an operation failed does not leave this thread. */
function attempt(command) {
  try {
    return operations[command.op](command);
  } catch {
    return undefined;
  }
}

const operations = {
  sign: ({ keyId, block }) => privateEncrypt({ key: keyOf(keyId), padding: constants.RSA_NO_PADDING }, block),
  decrypt: ({ keyId, padding, oaepHash, ciphertext }) =>
    privateDecrypt({ key: keyOf(keyId), padding, ...(oaepHash === undefined ? {} : { oaepHash }) }, ciphertext),
  verify: ({ curve, point, digest, signature }) =>
    curves[curve].verify(signature, digest, point, { prehash: false, lowS: false }),
  generate: (parameters) =>
    generateKeyPairSync('rsa', {
      ...parameters,
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    }).privateKey,
  isPrime: ({ candidate }) => {
    const answer = checkPrimeSync(candidate);
    candidate.fill(0);
    return answer;
  },
};

function keyOf(id) {
  const key = keys.get(id);
  if (key === undefined) throw new Error('the key is not here');
  return key;
}

async function loadCurves() {
  const [{ p256, p384, p521 }, { secp256k1 }] = await Promise.all([
    import('@noble/curves/nist.js'),
    import('@noble/curves/secp256k1.js'),
  ]);
  return { 'P-256': p256, 'P-384': p384, 'P-521': p521, 'P-256K': secp256k1 };
}

function send(answers) {
  parentPort.postMessage(answers);
  // The message holds copies; these may be plaintexts.
  for (const { value } of answers) if (value instanceof Uint8Array) value.fill(0);
}

/**
 * Linux has priorities of threads, and by this link tells a thread its own id. Elsewhere, and where there is no /proc, the
 * thread stays as it is. Nobody without privileges can take this back: the thread does nothing else.
 */
function stepBack() {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, Math.max(NICENESS, getPriority(thread)));
  } catch {
    // It competes like any other.
  }
}

if (workerData.background) stepBack();

/** One batch after the other, also while the first verification waits for the curves. */
let previous = Promise.resolve();
parentPort.on('message', (commands) => {
  previous = previous.then(async () => {
    if (curves === undefined && commands.some(({ op }) => op === 'verify')) curves = await loadCurves();
    obey(commands);
  });
});

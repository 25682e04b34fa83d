import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];
const BINDING = new URL('../../libs/platform/crypto-pkcs11/dist/pkcs11.node', import.meta.url);

const library = LIBRARIES.find((file) => existsSync(file));

/** Why the specs of a hardware module cannot run on this machine. */
export const noSoftHsm =
  library === undefined
    ? 'SoftHSM2 is not installed'
    : existsSync(BINDING)
      ? undefined
      : 'the PKCS #11 binding is not built';

/** `describe`, or a skip that says why. */
export const describeWithSoftHsm: (title: string, body: () => void) => void = (title, body) => {
  if (noSoftHsm === undefined) describe(title, body);
  else describe.skip(`${title} (${noSoftHsm})`, body);
};

const LABEL = 'coffer-test';

/** A token of SoftHSM in a directory of its own. */
export interface SoftHsm {
  readonly module: string;
  readonly token: string;
  readonly pin: string;
  /** Of the security officer. */
  readonly soPin: string;
  readonly pinFile: string;
  /** For processes that load the module. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes the token away, as pulling a plug would. */
  hide(): Promise<void>;
  show(): Promise<void>;
  dispose(): Promise<void>;
}

export async function createSoftHsm(label = LABEL): Promise<SoftHsm> {
  if (library === undefined) throw new Error('SoftHSM2 is not installed');
  const directory = await mkdtemp(path.join(tmpdir(), 'coffer-softhsm-'));
  const tokens = path.join(directory, 'tokens');
  const hidden = path.join(directory, 'hidden');
  await mkdir(tokens);
  const conf = path.join(directory, 'softhsm2.conf');
  await writeFile(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const pinFile = path.join(directory, 'pin');
  // Of its own: a spec looks for it among all processes, those of other specs too.
  const pin = String(randomInt(1e9, 1e10));
  const soPin = String(randomInt(1e9, 1e10));
  await writeFile(pinFile, `${pin}\n`, { mode: 0o600 });
  const env = { SOFTHSM2_CONF: conf };
  const pins = ['--pin', pin, '--so-pin', soPin];
  await run('softhsm2-util', ['--init-token', '--free', '--label', label, ...pins], {
    env: { ...process.env, ...env },
  });
  return {
    module: library,
    token: label,
    pin,
    soPin,
    pinFile,
    env,
    hide: () => rename(tokens, hidden),
    show: () => rename(hidden, tokens),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

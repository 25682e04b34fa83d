import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { settings, type Config, type SettingName } from './schema.js';

/** The configuration cannot be used; `problems` names each setting at fault, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

const names = Object.keys(settings) as SettingName[];
/** Settings that need no value on the command line. */
const SWITCHES: readonly SettingName[] = ['dev', 'plainHttp', 'kafkaTls', 'behindEdge'];

/**
 * Reads flags, then environment variables, then the lines `NAME=value` of the file that COFFER_SETTINGS_FILE names (the first
 * that has a setting wins). Throws ConfigError with every problem at once.
 */
export function loadConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly config: Config; readonly help: boolean } {
  const env = { ...settingsFile(environment[SETTINGS_FILE]), ...environment };
  const flags = readFlags(args);
  const problems: string[] = [];
  const config: Partial<Record<SettingName, unknown>> = {};
  for (const name of names) {
    const { variable, flag, schema } = settings[name];
    const given = flags.values[flag] ?? (env[variable] === '' ? undefined : env[variable]);
    const result = schema.safeParse(given === true ? 'true' : given);
    if (result.success) config[name] = result.data;
    else problems.push(`${variable} (--${flag}): ${result.error.issues[0]?.message ?? 'not valid'}`);
  }
  const unknown = Object.keys(env).filter((name) => name.startsWith('COFFER_') && !known.has(name));
  problems.push(...unknown.map((name) => `${name}: no such setting (see --help)`), ...flags.problems);
  if (problems.length === 0) problems.push(...contradictions(config as Config));
  if (problems.length > 0 && flags.values['help'] !== true) throw new ConfigError(problems);
  return { config: config as Config, help: flags.values['help'] === true };
}

const SETTINGS_FILE = 'COFFER_SETTINGS_FILE';

function settingsFile(file: string | undefined): Readonly<Record<string, string>> {
  if (file === undefined || file === '') return {};
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError([`${SETTINGS_FILE}: the file cannot be read`]);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Not in the table: read by the tools around the services, or where the settings are. */
const OTHER_VARIABLES = ['COFFER_TEST_POSTGRES', SETTINGS_FILE];
const known = new Set<string>([...names.map((name) => settings[name].variable), ...OTHER_VARIABLES]);

interface Flags {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly problems: readonly string[];
}

function readFlags(args: readonly string[]): Flags {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const name of names) options[settings[name].flag] = { type: SWITCHES.includes(name) ? 'boolean' : 'string' };
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    return { values, problems: [] };
  } catch (error) {
    return { values: {}, problems: [(error as Error).message] };
  }
}

function contradictions(config: Config): string[] {
  return [
    ...((config.tlsCertFile === undefined) === (config.tlsKeyFile === undefined)
      ? []
      : ['COFFER_TLS_CERT_FILE and COFFER_TLS_KEY_FILE: set both, or none']),
    ...(new Set([config.pkcs11Module, config.pkcs11Token, config.pkcs11PinFile].map((set) => set === undefined))
      .size === 1
      ? []
      : ['COFFER_PKCS11_MODULE, COFFER_PKCS11_TOKEN and COFFER_PKCS11_PIN_FILE: set all, or none']),
    ...(config.rootKeyFile !== undefined && config.rootPassphraseFile !== undefined
      ? ['COFFER_ROOT_KEY_FILE and COFFER_ROOT_PASSPHRASE_FILE: set one of them']
      : []),
  ];
}

/** The text of `--help`. */
export function helpText(usage: string): string {
  const rows = names.map((name) => {
    const { flag, variable, meaning } = settings[name];
    return `  --${flag}${SWITCHES.includes(name) ? '' : ' VALUE'}  (${variable})\n      ${meaning}`;
  });
  return `${usage}\n\nSettings, as flags or environment variables (a flag wins):\n\n${rows.join('\n')}\n`;
}

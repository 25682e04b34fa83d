import { ConfigError, helpText, loadConfig } from './load.js';

const problemsOf = (args: string[], env: Record<string, string> = {}): readonly string[] => {
  try {
    loadConfig(args, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the configuration', () => {
  it('has a usable default for everything', () => {
    const { config } = loadConfig([], {});
    expect(config).toMatchObject({
      domain: 'localhost',
      port: 8443,
      listen: ['127.0.0.1', '::1'],
      dev: false,
      issuers: [],
    });
    expect(config.databaseUrlKeys).toBeUndefined();
  });

  it('takes environment variables, and flags before them; an empty variable is none', () => {
    const env = { COFFER_PORT: '1', COFFER_DOMAIN: 'Vault.Example.org', COFFER_REGION: '' };
    const { config } = loadConfig(['--port', '2', '--dev'], env);
    expect(config).toMatchObject({ port: 2, domain: 'vault.example.org', region: 'local', dev: true });
  });

  it('reads further issuers as JSON', () => {
    const issuer = { issuer: 'https://idp.example/', tenantId: 't', jwksUri: 'https://idp.example/keys' };
    expect(loadConfig([], { COFFER_ISSUERS: JSON.stringify([issuer]) }).config.issuers).toEqual([issuer]);
  });

  it('names every problem at once, and never a value', () => {
    const env = {
      COFFER_PORT: 'hunter2',
      COFFER_LISTEN: 'localhost',
      COFFER_ISSUERS: '{',
      COFFER_DATABASE_URL_IDENTITY: 'mysql://user:hunter2@host',
      COFFER_MISSPELT: 'hunter2',
    };
    const problems = problemsOf([], env);
    expect(problems).toHaveLength(5);
    for (const name of Object.keys(env)) expect(problems.some((problem) => problem.startsWith(name))).toBe(true);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    [['--tls-cert-file', 'a'], 'COFFER_TLS_CERT_FILE and COFFER_TLS_KEY_FILE'],
    [['--root-key-file', 'a', '--root-passphrase-file', 'b'], 'COFFER_ROOT_KEY_FILE and COFFER_ROOT_PASSPHRASE_FILE'],
    [['--no-such-flag'], 'no-such-flag'],
    [['stray'], 'stray'],
  ])('refuses %p', (args, text) => {
    expect(problemsOf(args).join()).toContain(text);
  });

  it('tells of every setting with --help, even when others are wrong', () => {
    expect(loadConfig(['--help', '--port', 'x'], {}).help).toBe(true);
    expect(helpText('usage')).toContain('--clock-skew-seconds VALUE  (COFFER_CLOCK_SKEW_SECONDS)');
  });
});

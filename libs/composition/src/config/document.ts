import { settings, type SettingName } from './schema.js';

/** The settings as docs/configuration.md shows them. */
export function configurationDocument(): string {
  const rows = (Object.keys(settings) as SettingName[]).map((name) => {
    const { variable, flag, meaning } = settings[name];
    return `- \`${variable}\`, \`--${flag}\`: ${meaning}`;
  });
  return `# Configuration\n\nEnvironment variables, or flags of the same meaning; a flag wins. COFFER_SETTINGS_FILE names a
file with further lines NAME=value, which count least. Every problem is named at start.\n\n${rows.join('\n')}\n`;
}

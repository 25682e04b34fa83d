import { readFileSync } from 'node:fs';
import { configurationDocument } from './document.js';

it('docs/configuration.md tells of every setting', () => {
  const document = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');

  // Prettier wraps lines; words and their order are what counts.
  const words = (text: string) => text.split(/\s+/).join(' ').trim();
  expect(words(document)).toBe(words(configurationDocument()));
});

import { CofferError } from '@coffer/kernel';

/** ARM tags of a resource. They describe the resource to its administrators and are not part of any vault's content. */
export type Tags = Readonly<Record<string, string>>;

const MOST = 50;
const NAME_LENGTH = 512;
const VALUE_LENGTH = 256;

/** ARM's limits: 50 tags, names to 512 and values to 256 characters. Throws ArmBadRequest that names no value. */
export function requireTags(tags: Tags): Tags {
  const entries = Object.entries(tags);
  if (entries.length > MOST) throw new CofferError('ArmBadRequest', `A resource can have at most ${MOST} tags.`);
  for (const [name, value] of entries) {
    if (name === '' || name.length > NAME_LENGTH) {
      throw new CofferError('ArmBadRequest', `A tag name must have 1 to ${NAME_LENGTH} characters.`);
    }
    // PostgreSQL's jsonb cannot hold it.
    if (name.includes('\0') || value.includes('\0')) {
      throw new CofferError('ArmBadRequest', 'A tag must not contain the character U+0000.');
    }
    if (value.length > VALUE_LENGTH) {
      throw new CofferError('ArmBadRequest', `A tag value must have at most ${VALUE_LENGTH} characters.`);
    }
  }
  return tags;
}

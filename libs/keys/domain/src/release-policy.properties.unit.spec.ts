import fc from 'fast-check';
import { recipientOf } from './release-recipient.js';
import { meetsReleasePolicy, parseReleasePolicy } from './release-policy.js';

const AUTHORITY = 'https://attest.example';
const names = fc.constantFrom('a', 'b', 'a.b', 'b.a', '__proto__', 'constructor');
const scalars = fc.oneof(fc.constantFrom('x', 'true', '1', ''), fc.boolean(), fc.constantFrom(0, 1));
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

type Model = { claim: string; equals: unknown } | { allOf: Model[] } | { anyOf: Model[] };

const { condition } = fc.letrec<{ condition: Model; leaf: Model; group: Model }>((tie) => ({
  condition: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('group')),
  leaf: fc.record({ claim: names, equals: scalars }),
  group: fc.oneof(
    fc.record({ allOf: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ anyOf: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }) }),
  ),
}));
const claims = fc.dictionary(
  fc.constantFrom('a', 'b'),
  fc.oneof(scalars, fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(scalars, fc.constant(null)))),
);

/** Written the other way round: all paths of the claims first, then a look-up. */
function fulfils(model: Model, flat: ReadonlyMap<string, string>): boolean {
  if ('allOf' in model) return !model.allOf.some((part) => !fulfils(part, flat));
  if ('anyOf' in model) return !model.anyOf.every((part) => !fulfils(part, flat));
  return flat.get(model.claim) === String(model.equals);
}

function flatten(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof value !== 'object') return into.set(path, (value as string | number | boolean).toString());
  for (const [name, inside] of Object.entries(value ?? {}))
    flatten(inside, path === '' ? name : `${path}.${name}`, into);
  return into;
}

describe('release policies of any form', () => {
  it('decide as their conditions say', () => {
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 3 }), claims, fc.boolean(), (parts, claimed, all) => {
        const group = all ? { allOf: parts } : { anyOf: parts };
        const rules = parseReleasePolicy(encode({ version: '1.0.0', anyOf: [{ authority: AUTHORITY, ...group }] }));
        const expected = fulfils(group, flatten(claimed, '', new Map()));
        expect(meetsReleasePolicy(rules, AUTHORITY, claimed)).toBe(expected);
        expect(meetsReleasePolicy(rules, 'https://other.example', claimed)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  it('are refused as bad requests when they are none, whatever they are', () => {
    const almost = fc.record(
      {
        version: fc.jsonValue(),
        anyOf: fc.oneof(fc.jsonValue(), fc.array(fc.record({ authority: fc.jsonValue(), allOf: fc.jsonValue() }))),
      },
      { requiredKeys: [] },
    );
    const texts = fc.oneof(fc.jsonValue().map(encode), almost.map(encode), fc.string(), fc.base64String());
    fc.assert(
      fc.property(texts, (data) => {
        try {
          expect(meetsReleasePolicy(parseReleasePolicy(data), AUTHORITY, {})).toBe(false);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BadParameter' });
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('find no recipient in claims that name none, and never fail', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (keys, other) => {
        expect(recipientOf({ 'x-ms-runtime': { keys }, other })).toBeUndefined();
        expect(recipientOf({ 'x-ms-runtime': other })).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Results and their form: `docs/compatibility.json`, as `collect` writes it from what the contract specs recorded. */

/** Refusals that are the right answer of a vault without what the operation needs. */
const rightlyRefused = { GetKeyAttestation: 'tested: refused, no managed HSM' };

/** The cell of an operation, api-version and client. Throws when there is nothing to say: then a test is missing. */
export function cell({ operation, versions }, version, runs) {
  if (!versions.includes(version)) return 'not in this version';
  const results = Object.values(runs).flatMap((byVersion) => byVersion[version] ?? []);
  if (results.some(({ done }) => done.includes(operation))) return 'tested';
  const reason = rightlyRefused[operation];
  if (reason !== undefined && results.some(({ refused }) => refused.includes(operation))) return reason;
  throw new Error(`no result of ${operation}, api-version ${version}`);
}

/** The document, from the operations (`operations.json`) and the results (`docs/compatibility.json`). */
export function compatibilityDocument({ versions, operations }, { clients }) {
  const rows = operations.flatMap((operation) =>
    Object.values(clients).map(({ name, runs }) => [
      `\`${operation.method} ${operation.path}\``,
      name,
      ...versions.map((version) => cell(operation, version, runs)),
    ]),
  );
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return `# Compatibility

Every operation on keys in every api-version, asked by the official clients: ${sentence(clients)}.

**tested** means that a contract spec made the client of this row ask for this operation in this api-version, in one process and as separate
services, that the client got what it asked for, and that every answer was as Azure's OpenAPI description of the api-version says (7.6 and
2025-07-01 are held against that of 7.6-preview.1, the newest that is published as a file). The specs that did it are listed below the table.
No released version of these clients knows a later api-version; Coffer answers one in the words of 2025-07-01.

${line(['Operation', 'Client', ...versions])}
|${'---|'.repeat(versions.length + 2)}
${rows.map(line).join('\n')}

| Client | Specs |
|---|---|
${Object.values(clients)
  .map(({ name, runs }) => line([name, Object.keys(runs).sort().join(', ')]))
  .join('\n')}

This file is made by \`npm run compatibility\` from \`docs/compatibility.json\`; after a run of the contract specs, \`npm run compatibility -- collect\`
takes over what they recorded. A spec fails when it no longer exercises what is claimed for it there.
`;
}

function sentence(clients) {
  return Object.values(clients)
    .map(({ name, client }) => `${client} (${name})`)
    .join(', ');
}

import type { OperationTable } from '../operation.js';

const GRAPH = '/v1.0/servicePrincipals';

/** Administration of service principals on the login host (the minimal Graph). Sign-in itself (OIDC) is served by the issuer, not by this table. */
export const principalOperations = {
  PrincipalCreate: {
    method: 'POST',
    host: 'login',
    paths: [GRAPH],
    access: { plane: 'control', action: 'Coffer.Identity/principals/write' },
    status: 201,
    body: 'json',
  },
  PrincipalList: {
    method: 'GET',
    host: 'login',
    paths: [GRAPH],
    access: { plane: 'control', action: 'Coffer.Identity/principals/read' },
    status: 200,
    body: 'none',
  },
  PrincipalGet: {
    method: 'GET',
    host: 'login',
    paths: [`${GRAPH}/:principalId`],
    access: { plane: 'control', action: 'Coffer.Identity/principals/read' },
    status: 200,
    body: 'none',
  },
  PrincipalDelete: {
    method: 'DELETE',
    host: 'login',
    paths: [`${GRAPH}/:principalId`],
    access: { plane: 'control', action: 'Coffer.Identity/principals/delete' },
    status: 204,
    body: 'none',
  },
  PrincipalAddPassword: {
    method: 'POST',
    host: 'login',
    paths: [`${GRAPH}/:principalId/addPassword`],
    access: { plane: 'control', action: 'Coffer.Identity/principals/write' },
    status: 200,
    body: 'json',
  },
  PrincipalRemovePassword: {
    method: 'POST',
    host: 'login',
    paths: [`${GRAPH}/:principalId/removePassword`],
    access: { plane: 'control', action: 'Coffer.Identity/principals/write' },
    status: 204,
    body: 'json',
  },
} as const satisfies OperationTable;

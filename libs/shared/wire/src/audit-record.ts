/** The claim that names the caller in `identity` (azure-api e.2). */
export const OBJECT_ID_CLAIM = 'http://schemas.microsoft.com/identity/claims/objectidentifier';

/** One audit record: Azure's `AuditEvent` fields (azure-api e.2) and what Coffer adds. Never a value, plaintext or token. */
export interface AuditRecord {
  readonly recordId: string;
  /** ISO 8601 UTC of the request's arrival. */
  readonly time: string;
  readonly category: 'AuditEvent';
  /** Upper-cased ARM id of the vault; empty for operations outside a vault. */
  readonly resourceId: string;
  readonly vaultId?: string;
  readonly operationName: string;
  readonly operationVersion: string;
  readonly resultType: 'Success' | 'Failure';
  /** HTTP reason phrase. */
  readonly resultSignature: string;
  readonly resultDescription: string;
  /** Milliseconds without network, as a decimal string (Azure's form). */
  readonly durationMs: string;
  readonly callerIpAddress: string;
  readonly correlationId: string;
  readonly identity: { readonly claim: Readonly<Record<string, string>> };
  readonly properties: {
    readonly clientInfo: string;
    readonly requestUri: string;
    /** URI of the object or vault. */
    readonly id: string;
    readonly httpStatusCode: number;
    readonly [more: string]: unknown;
  };
  readonly service: string;
  readonly region: string;
  readonly decision: 'allow' | 'deny' | 'none';
  /** Revision of the policy that the decision was made on. */
  readonly policyRevision: string;
  readonly decisionReason: string;
}

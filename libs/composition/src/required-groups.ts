import { topics } from '@coffer/contracts';

/** Audit records stay in the inbox until the audit log takes them, also while it is not there. */
export const requiredGroups = { [topics.audit]: ['audit-log'] };

import { topics } from '@coffer/contracts';

/** Audit records stay in the inbox until the audit log takes them, also while it is not there. */
export const requiredGroups = { [topics.audit]: ['audit-log'] };

/** What whoever takes audit records into the log must tell the operator. */
export const auditAlarms = {
  parked: 'a message on the audit topic is no audit record and was set aside',
  treeFault: 'the tree over the audit log could not be grown or signed',
};

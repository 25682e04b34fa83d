import { CofferError } from '@coffer/kernel';
import { storageOperations as operations, type HandlersOf, type Reply } from '@coffer/wire';

const refuse = (): Promise<Reply> =>
  Promise.reject(
    new CofferError(
      'StorageRetired',
      'Managed storage account keys have been retired. Authorize requests to storage with Microsoft Entra ID instead.',
    ),
  );

/** `/storage` and `/deletedstorage`: who may ask is told that there is nothing any more, everybody else that he may not. */
export const retiredStorage = everyOperation(Object.keys(operations) as (keyof typeof operations)[]);

function everyOperation<Name extends keyof typeof operations>(
  names: readonly Name[],
): Pick<HandlersOf<typeof operations>, Name> {
  return Object.fromEntries(names.map((name) => [name, refuse])) as Record<Name, typeof refuse>;
}

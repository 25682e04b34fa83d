import { CofferError } from '@coffer/kernel';
import type { Method } from '@coffer/wire';

/** The refusal of a method that a path does not have. */
export function methodNotAllowed(allow: readonly Method[]): CofferError {
  return new CofferError('MethodNotAllowed', 'The HTTP method is not supported here.', { allow });
}

/** The refusal of a path that is not there. */
export function routeNotFound(): CofferError {
  return new CofferError('RouteNotFound', 'The requested resource does not exist.');
}

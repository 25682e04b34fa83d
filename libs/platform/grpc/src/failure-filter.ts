import { Catch, type LoggerService, type RpcExceptionFilter } from '@nestjs/common';
import { isCofferError } from '@coffer/kernel';
import { throwError, type Observable } from 'rxjs';
import { toStatus } from './status.js';

/** Whatever a method throws leaves as the status that the table gives it; what is no caller's business is logged here. */
@Catch()
export class FailureFilter implements RpcExceptionFilter {
  constructor(private readonly logger: LoggerService) {}

  catch(error: unknown): Observable<never> {
    if (!isCofferError(error) || error.code === 'Internal') this.logger.error(error);
    return throwError(() => toStatus(error));
  }
}

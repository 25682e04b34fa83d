import { RpcException } from '@nestjs/microservices';
import { toStatus } from './status.js';

/** Runs a method; whatever it throws leaves as the status that the table gives it. */
export async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RpcException(toStatus(error));
  }
}

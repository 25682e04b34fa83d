import 'reflect-metadata';
import { experimental, type Server } from '@grpc/grpc-js';
import { Module, type DynamicModule, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { HealthImplementation } from 'grpc-health-check';
import type { Certificates } from './certificates.js';
import { guard, type GuardOptions } from './guard.js';
import { loaderOptions, protoFile, type PackageName } from './proto.js';

/** One service definition with what answers it. */
export interface GrpcBinding {
  readonly package: PackageName;
  /** Classes with `@GrpcMethod`; they take nothing from the container. */
  readonly controllers: readonly Type[];
  readonly allow: GuardOptions['allow'];
}

export interface GrpcServerOptions extends Omit<GuardOptions, 'allow'> {
  readonly address: string;
  readonly port: number;
  readonly certificates: Certificates;
  readonly bindings: readonly GrpcBinding[];
  readonly logger: LoggerService;
}

export interface GrpcServer {
  /** What the health service answers (grpc.health.v1). */
  setServing(serving: boolean): void;
  close(): Promise<void>;
}

@Module({})
class CallsModule {}

/** A dead peer is noticed within about two seconds. */
const KEEPALIVE_MS = 1_000;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Serves calls of other services over mTLS. Rejects when the port cannot be bound. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, port, certificates, bindings, logger } = options;
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  const allow = Object.assign({}, ...bindings.map((binding) => binding.allow)) as GuardOptions['allow'];
  const root: DynamicModule = {
    module: CallsModule,
    controllers: bindings.flatMap((binding) => [...binding.controllers]),
  };
  const app = await NestFactory.createMicroservice<GrpcOptions>(root, {
    transport: Transport.GRPC,
    logger,
    abortOnError: false,
    options: {
      url: `${address.includes(':') ? `[${address}]` : address}:${port}`,
      package: bindings.map((binding) => binding.package),
      protoPath: bindings.map((binding) => protoFile(binding.package)),
      loader: loaderOptions,
      // Callers without a good certificate are let in as far as the guard, which refuses and reports them.
      credentials: experimental.createCertificateProviderServerCredentials(certificates, certificates, false),
      channelOptions: {
        'grpc.keepalive_time_ms': KEEPALIVE_MS,
        'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
        'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
        ...{ interceptors: [guard({ ...options, allow })] },
      },
      onLoadPackageDefinition: (_definition: unknown, server: Server) => {
        health.addToServer(server);
      },
    },
  });
  await app.listen();
  return {
    setServing: (serving) => {
      health.setStatus('', serving ? 'SERVING' : 'NOT_SERVING');
    },
    close: async () => {
      health.setStatus('', 'NOT_SERVING');
      await app.close();
    },
  };
}

import 'reflect-metadata';
import { experimental, type Server } from '@grpc/grpc-js';
import { Module, type DynamicModule, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { HealthImplementation } from 'grpc-health-check';
import { ActiveCalls } from './active-calls.js';
import type { Certificates } from './certificates.js';
import { FailureFilter } from './failure-filter.js';
import { guard, type AllowList, type GuardOptions } from './guard.js';
import { loaderOptions, protoFile, type PackageName } from './proto.js';

/** One service definition with what answers it. */
export interface GrpcBinding {
  readonly package: PackageName;
  /** Classes with `@GrpcMethod`; they take nothing from the container. */
  readonly controllers: readonly Type[];
  readonly allow: AllowList;
  /** Methods that may take longer than others; see GuardOptions. */
  readonly limits?: Readonly<Record<string, number>>;
}

export interface GrpcServerOptions extends Omit<GuardOptions, 'allow' | 'limits'> {
  readonly address: string;
  readonly port: number;
  readonly certificates: Certificates;
  readonly bindings: readonly GrpcBinding[];
  /** Rejects while the service cannot work: asked every second, once `setServing(true)` was called. Default: it always can. */
  readonly ready?: () => Promise<void>;
  readonly logger: LoggerService;
  /** How long `close` waits for calls that run, milliseconds; default 5,000. */
  readonly graceMilliseconds?: number;
}

export interface GrpcServer {
  /** What the health service answers (grpc.health.v1); NOT_SERVING at first. */
  setServing(serving: boolean): void;
  /** Takes no more calls, ends streams that would stay, and waits for the other calls. */
  close(): Promise<void>;
}

@Module({})
class CallsModule {}

/** A dead peer is noticed within about two seconds. */
const KEEPALIVE_MS = 1_000;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const GRACE_MS = 5_000;
const READY_MS = 1_000;

/** Serves calls of other services over mTLS. Rejects when the port cannot be bound. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { address, port, certificates, bindings, logger, graceMilliseconds = GRACE_MS } = options;
  const health = new HealthImplementation({ '': 'NOT_SERVING' });
  const active = new ActiveCalls();
  const allow = merged(bindings.map((binding) => binding.allow));
  const limits = merged(bindings.map((binding) => binding.limits ?? {}));
  let server: Server | undefined;
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
        ...{ interceptors: [guard({ ...options, allow, limits }, active)] },
      },
      onLoadPackageDefinition: (definition: Record<string, unknown>, made: Server) => {
        server = made;
        health.addToServer(made);
        removeUnanswered(definition, allow);
      },
    },
  });
  app.useGlobalFilters(new FailureFilter(logger));
  await app.listen();
  const serving = new Serving(health, options.ready);
  return {
    setServing: (wanted) => {
      serving.set(wanted);
    },
    close: async () => {
      serving.close();
      active.endStaying();
      if (server !== undefined) await drain(server, graceMilliseconds);
      await app.close();
    },
  };
}

function merged<T>(tables: readonly Readonly<Record<string, T>>[]): Readonly<Record<string, T>> {
  return Object.fromEntries(tables.flatMap((table) => Object.entries(table)));
}

/** A service of the package that nobody answers here is not offered at all. */
function removeUnanswered(definition: Record<string, unknown>, allow: AllowList): void {
  const answered = new Set(Object.keys(allow).map((method) => method.split('/')[1]));
  for (const [name, entry] of Object.entries(definition)) {
    const isService = typeof entry === 'object' && entry !== null && !('format' in entry);
    if (isService && !answered.has(name)) Reflect.deleteProperty(definition, name);
  }
}

/** Resolves when the running calls have ended, or after the grace. */
function drain(server: Server, graceMilliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, graceMilliseconds);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Tells the health service whether calls are welcome. */
class Serving {
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly health: HealthImplementation,
    private readonly ready: (() => Promise<void>) | undefined,
  ) {}

  set(wanted: boolean): void {
    this.#wanted = wanted;
    clearInterval(this.#timer);
    this.#say(wanted && this.ready === undefined);
    if (!wanted || this.ready === undefined) return;
    this.#look();
    this.#timer = setInterval(() => {
      this.#look();
    }, READY_MS).unref();
  }

  close(): void {
    this.set(false);
  }

  #look(): void {
    this.ready?.().then(
      () => {
        this.#say(this.#wanted);
      },
      () => {
        this.#say(false);
      },
    );
  }

  #said: boolean | undefined;
  #say(serving: boolean): void {
    if (serving === this.#said) return;
    this.#said = serving;
    this.health.setStatus('', serving ? 'SERVING' : 'NOT_SERVING');
  }
}

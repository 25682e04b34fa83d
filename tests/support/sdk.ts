import { ClientSecretCredential } from '@azure/identity';
import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { dev, type RunningCoffer } from './coffer.js';
import type { Exercise } from './compatibility.js';
import { openApiValidator, type OpenApiValidator } from './openapi.js';
import type { Plane } from './openapi-documents.js';

/** Signs in with a secret under the `adfs` authority, as the printed environment lines make every client do. */
export function credential(
  coffer: RunningCoffer,
  who: { readonly clientId: string; readonly clientSecret: string } = dev,
): ClientSecretCredential {
  return new ClientSecretCredential('adfs', who.clientId, who.clientSecret, {
    authorityHost: coffer.loginUrl,
    tlsOptions: { ca: coffer.ca },
  });
}

/** Holds every response that a client receives against the OpenAPI description of the api-version. */
export class Conformance {
  /** `METHOD path: what is wrong`. */
  readonly violations: string[] = [];
  /** `METHOD status` of everything that was held against a description. */
  readonly checked: string[] = [];
  readonly #validator: OpenApiValidator;
  readonly #exercise: Exercise | undefined;

  /** What is as described goes to `exercise`, too. */
  constructor(plane: Plane, version: string, exercise?: Exercise) {
    this.#validator = openApiValidator(plane, version);
    this.#exercise = exercise;
  }

  readonly policy: PipelinePolicy = {
    name: 'conformance',
    sendRequest: async (request, next) => {
      const response = await next(request);
      const { pathname } = new URL(request.url);
      const text = response.bodyAsText ?? '';
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      // The challenge of the first call is described nowhere.
      if (response.status !== 401) {
        const found = this.#validator.validate(request.method, pathname, response.status, body);
        if (found.length === 0) this.#exercise?.saw(request.method, pathname, response.status);
        this.violations.push(...found.map((problem) => `${request.method} ${pathname} ${response.status}: ${problem}`));
        this.checked.push(`${request.method} ${response.status}`);
      }
      return response;
    },
  };

  /** Client options that attach the policy below the client's own retries and challenges. */
  get options() {
    return { additionalPolicies: [{ policy: this.policy, position: 'perRetry' as const }] };
  }
}

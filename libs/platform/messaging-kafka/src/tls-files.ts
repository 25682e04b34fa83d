import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { KafkaTls } from './connection.js';

export interface KafkaTlsFiles {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/**
 * The files as they are at each connection. While they cannot be used, such as half of a pair that is being replaced, the
 * last good ones stay in use. Throws, naming the files, when there have been none.
 */
export function kafkaTlsFiles({ caFile, certificateFile, keyFile }: KafkaTlsFiles): () => KafkaTls {
  let good: KafkaTls | undefined;
  return () => {
    try {
      const [ca = '', cert = '', key = ''] = [caFile, certificateFile, keyFile].map((file) =>
        readFileSync(file, 'utf8'),
      );
      if (good?.ca === ca && good.cert === cert && good.key === key) return good;
      createSecureContext({ ca, cert, key });
      good = { ca, cert, key };
    } catch (cause) {
      if (good === undefined) {
        throw new Error(`Cannot use ${caFile}, ${certificateFile}, ${keyFile} towards Kafka.`, { cause });
      }
    }
    return good;
  };
}
